#pragma once

#include <memory>
#include <string>

#include "gcv_edge/classification.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<Classification>;

/// Says what a frame shows: Classifier("resnet50.onnx").run(frame).top(5).
class GCV_EDGE_API Classifier : public Model<Classification> {
 public:
  explicit Classifier(const ModelSource& model, const Options& options = {})
      : Model(model, Task::classification, options) {}

 private:
  void decode(const FrameOutputs& found, Classification& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<Classifier>(*this); }
};

}  // namespace gcv
