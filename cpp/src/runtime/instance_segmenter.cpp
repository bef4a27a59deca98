#include "gcv_edge/instance_segmenter.h"

#include "confidence.h"
#include "decoding.h"
#include "model_run.h"

namespace gcv {

InstanceSegmenter::InstanceSegmenter(const std::string& path, const Options& options)
    : Model(path, Task::instance_segmentation, options), confidence_(metadata().detection.score_threshold) {}

void InstanceSegmenter::set_confidence(float confidence) { confidence_ = check_confidence(confidence); }

InstanceMasks InstanceSegmenter::decode(const FrameOutputs& found) const {
  InstanceMasks result = decode_instances(found.outputs, found.geometry, confidence_);
  result.labels = labels();
  return result;
}

template class Model<InstanceMasks>;

}  // namespace gcv
