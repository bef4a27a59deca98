#include "gcv_edge/depth_estimator.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

DepthMap DepthEstimator::decode(const FrameOutputs& found) const {
  DepthMap result = decode_depth(found.outputs, found.geometry);
  result.settings = metadata().depth;
  return result;
}

template class Model<DepthMap>;

}  // namespace gcv
