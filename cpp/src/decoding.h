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
// by their size; shapes that do not fit throw ArgumentError.
namespace gcv {

class Crew;

Detections decode_detections(const Outputs& outputs, const FrameGeometry& geometry, const DetectionSettings& settings,
                             Crew* crew = nullptr);
InstanceMasks decode_instances(const Outputs& outputs, const FrameGeometry& geometry, float score_threshold);
Classification decode_classification(const Outputs& outputs, Activation activation);
Embedding decode_embedding(const Outputs& outputs);
Regression decode_regression(const Outputs& outputs);
Segmentation decode_segmentation(const Outputs& outputs, const FrameGeometry& geometry);
Poses decode_poses(const Outputs& outputs, const FrameGeometry& geometry);
DepthMap decode_depth(const Outputs& outputs, const FrameGeometry& geometry);
Picture decode_picture(const Outputs& outputs, const FrameGeometry& geometry, const ImageSettings& levels, bool is_rgb);

}  // namespace gcv
