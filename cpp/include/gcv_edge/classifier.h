#pragma once

#include <string>

#include "gcv_edge/classification.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<Classification>;

/// Says what a frame shows: Classifier("resnet50.onnx").run(frame).top(5).
class GCV_EDGE_API Classifier : public Model<Classification> {
 public:
  explicit Classifier(const std::string& path, const Options& options = {})
      : Model(path, Task::classification, options) {}

 private:
  Classification decode(const FrameOutputs& found) const override;
};

}  // namespace gcv
