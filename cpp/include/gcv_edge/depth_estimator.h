#pragma once

#include <memory>
#include <string>

#include "gcv_edge/depth_map.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<DepthMap>;

/// Says how far away things are: DepthEstimator("monodepth2.onnx").run(frame).depth().
class GCV_EDGE_API DepthEstimator : public Model<DepthMap> {
 public:
  explicit DepthEstimator(const ModelSource& model, const Options& options = {}) : Model(model, Task::depth, options) {}

 private:
  void decode(const FrameOutputs& found, DepthMap& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<DepthEstimator>(*this); }
};

}  // namespace gcv
