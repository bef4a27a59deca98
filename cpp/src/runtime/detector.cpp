#include "gcv_edge/detector.h"

#include <cmath>

#include "confidence.h"
#include "decoding.h"
#include "model_run.h"

namespace gcv {

Detector::Detector(const ModelSource& model, const Options& options)
    : Model(model, Task::detection, options), settings_(metadata().detection) {}

void Detector::set_confidence(float confidence) { settings_.score_threshold = check_confidence(confidence); }

void Detector::set_nms(float iou_threshold, int nms_topk, int post_nms) {
  if (settings_.nms_in_graph) {
    throw UnsupportedError(path() + ": set_nms is not supported: this file's NMS is in its graph");
  }
  if (!std::isfinite(iou_threshold)) {
    throw ArgumentError("iou_threshold: found " + std::to_string(iou_threshold) + ", expected a finite number");
  }
  settings_.iou_threshold = iou_threshold;
  settings_.nms_topk = nms_topk;
  settings_.post_nms = post_nms;
}

void Detector::decode(const FrameOutputs& found, Detections& result) const {
  result = decode_detections(found.outputs, found.geometry, settings_, found.crew, std::move(result));
  result.labels = labels();
}

template class Model<Detections>;

}  // namespace gcv
