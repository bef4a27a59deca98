#pragma once

#include "gcv_edge/classification.h"
#include "gcv_edge/depth_map.h"
#include "gcv_edge/detections.h"
#include "gcv_edge/embedding.h"
#include "gcv_edge/instance_masks.h"
#include "gcv_edge/model_metadata.h"
#include "gcv_edge/picture.h"
#include "gcv_edge/poses.h"
#include "gcv_edge/regression.h"
#include "gcv_edge/segmentation.h"
#include "outputs.h"

// From one frame's outputs, without the batch, to its result. Whatever the numbers and shapes are, the work is bounded
// by their size; shapes that do not fit throw ArgumentError. `found` is an earlier result, whose memory is used again.
namespace gcv {

class Crew;

Detections decode_detections(const Outputs& outputs, const FrameGeometry& geometry, const DetectionSettings& settings,
                             Crew* crew = nullptr, Detections found = {});
InstanceMasks decode_instances(const Outputs& outputs, const FrameGeometry& geometry, float score_threshold,
                               InstanceMasks found = {});
Classification decode_classification(const Outputs& outputs, Activation activation, Classification found = {});
Embedding decode_embedding(const Outputs& outputs, Embedding found = {});
Regression decode_regression(const Outputs& outputs, Regression found = {});
Segmentation decode_segmentation(const Outputs& outputs, const FrameGeometry& geometry, Segmentation found = {});
Poses decode_poses(const Outputs& outputs, const FrameGeometry& geometry, Poses found = {});
DepthMap decode_depth(const Outputs& outputs, const FrameGeometry& geometry, DepthMap found = {});
Picture decode_picture(const Outputs& outputs, const FrameGeometry& geometry, const ImageSettings& levels, bool is_rgb,
                       Picture found = {});

}  // namespace gcv
