#include "gcv_edge/instance_segmenter.h"

#include "confidence.h"
#include "decoding.h"
#include "model_run.h"

namespace gcv {

InstanceSegmenter::InstanceSegmenter(const ModelSource& model, const Options& options)
    : Model(model, Task::instance_segmentation, options), confidence_(metadata().detection.score_threshold) {}

void InstanceSegmenter::set_confidence(float confidence) { confidence_ = check_confidence(confidence); }

void InstanceSegmenter::decode(const FrameOutputs& found, InstanceMasks& result) const {
  result = decode_instances(found.outputs, found.geometry, confidence_, std::move(result));
  result.labels = labels();
}

template class Model<InstanceMasks>;

}  // namespace gcv
