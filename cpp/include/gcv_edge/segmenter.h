#pragma once

#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/segmentation.h"

namespace gcv {

extern template class Model<Segmentation>;

/// Gives every pixel of a frame a class: Segmenter("fcn.onnx").run(frame).at(x, y).
class GCV_EDGE_API Segmenter : public Model<Segmentation> {
 public:
  explicit Segmenter(const std::string& path, const Options& options = {}) : Model(path, Task::segmentation, options) {}

 private:
  Segmentation decode(const FrameOutputs& found) const override;
};

}  // namespace gcv
