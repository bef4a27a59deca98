#pragma once

#include <memory>
#include <string>

#include "gcv_edge/detections.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<Detections>;

/// Finds objects: Detector("yolo3.onnx").run(frame) gives Detections in pixels of the frame.
///
/// Settings belong to the object: change those of a copy, which shares the network, while other threads run this one.
class GCV_EDGE_API Detector : public Model<Detections> {
 public:
  explicit Detector(const ModelSource& model, const Options& options = {});

  /// Thresholds and NMS values that the next run uses; at first the file's own.
  const DetectionSettings& settings() const { return settings_; }

  /// List objects whose score is over a number from 0 to 1. The file's own is 0.01 mostly, as GluonCV lists them.
  /// Throws ArgumentError for another number.
  void set_confidence(float confidence);

  /// Change the NMS, as GluonCV's net.set_nms does.
  ///
  /// `iou_threshold`: overlap above which the lower score goes; outside (0, 1) nothing goes. `nms_topk`: candidates of
  /// all classes together that take part, and `post_nms`: detections kept at most; -1 for all.
  /// Throws UnsupportedError if the file keeps its NMS inside the graph, ArgumentError for a threshold that is not
  /// finite.
  void set_nms(float iou_threshold, int nms_topk, int post_nms);

 private:
  void decode(const FrameOutputs& found, Detections& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<Detector>(*this); }

  DetectionSettings settings_;
};

}  // namespace gcv
