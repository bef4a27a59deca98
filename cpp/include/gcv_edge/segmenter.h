#pragma once

#include <memory>
#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/segmentation.h"

namespace gcv {

extern template class Model<Segmentation>;

/// Gives every pixel of a frame a class: Segmenter("fcn.onnx").run(frame).at(x, y).
class GCV_EDGE_API Segmenter : public Model<Segmentation> {
 public:
  explicit Segmenter(const ModelSource& model, const Options& options = {})
      : Model(model, Task::segmentation, options) {}

 private:
  void decode(const FrameOutputs& found, Segmentation& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<Segmenter>(*this); }
};

}  // namespace gcv
