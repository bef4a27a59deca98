#pragma once

#include "gcv_edge/placement.h"

namespace gcv {

/// Find each heat map's peak, as GluonCV's data.transforms.pose get_max_pred, heatmap_to_coord and the quarter-pixel
/// shift of get_final_preds do.
///
/// `heatmaps` is [count, map.height, map.width] and covers an input of size `input`. A map without a positive peak
/// gives cell (0, 0). NaN cells are ignored; a map of NaN alone scores 0.
/// Writes `keypoints` [count, 2] in frame pixels and `scores` [count]. Throws ArgumentError for empty sizes.
GCV_EDGE_API void decode_heatmaps(const float* heatmaps, int count, Size map, const Placement& placement, Size input,
                                  float* keypoints, float* scores);

}  // namespace gcv
