#include "gcv_edge/depth_estimator.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

void DepthEstimator::decode(const FrameOutputs& found, DepthMap& result) const {
  result = decode_depth(found.outputs, found.geometry, std::move(result));
  result.settings = metadata().depth;
}

template class Model<DepthMap>;

}  // namespace gcv
