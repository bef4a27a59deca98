#pragma once

#include <cstdint>

#include "gcv_edge/detections.h"
#include "gcv_edge/export.h"

namespace gcv {

/// GluonCV's set_nms values.
struct NmsSettings {
  float score_threshold = 0.01f;  ///< scores must be over it (box_nms: valid_thresh)
  float iou_threshold = 0.45f;    ///< overlap over which the lower score goes; outside (0, 1) nothing goes
  int nms_topk = 400;             ///< candidates of all classes together that take part; 0 or less: all
  int post_nms = 100;             ///< detections kept at most; 0 or less: all
  bool class_agnostic = false;    ///< boxes suppress each other whatever their classes (box_nms: force_suppress)
  bool topk_per_class = false;    ///< nms_topk counts the candidates of each class by itself (GluonCV's R-CNN)
};

/// What `detect` finds a candidate's box by.
enum class BoxLayout {
  shared,    ///< [anchors, 4]
  per_class  ///< [anchors, classes, 4]: every class has its own
};

/// Non-maximum suppression with the meaning of MXNet's contrib.box_nms (src/operator/contrib/bounding_box-inl.h).
///
/// `boxes` is [anchors, 4] or, by `layout`, [anchors, classes, 4]; `scores` is [anchors, classes]. A candidate is a
/// (box, class) pair whose score is over the threshold, so NaN never is. Candidates are sorted by falling score; equal
/// scores by rising `class * anchors + anchor`, the order of GluonCV's SSD rows (its YOLOv3
/// orders equal scores scale by scale first). IoU is without + 1, a box with a
/// negative side has area 0, and 0 / 0 suppresses nothing.
/// Throws ArgumentError for negative sizes, 2^32 or more pairs, or thresholds that are NaN.
GCV_EDGE_API Detections detect(const float* boxes, const float* scores, std::int64_t anchors, std::int64_t classes,
                               const NmsSettings& settings, BoxLayout layout = BoxLayout::shared);

}  // namespace gcv
