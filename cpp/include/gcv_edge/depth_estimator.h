#pragma once

#include <string>

#include "gcv_edge/depth_map.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<DepthMap>;

/// Says how far away things are: DepthEstimator("monodepth2.onnx").run(frame).depth().
class GCV_EDGE_API DepthEstimator : public Model<DepthMap> {
 public:
  explicit DepthEstimator(const std::string& path, const Options& options = {}) : Model(path, Task::depth, options) {}

 private:
  DepthMap decode(const FrameOutputs& found) const override;
};

}  // namespace gcv
