#pragma once

#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/placement.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// What a disparity between 0 and 1 means (disp_to_depth in gluoncv/model_zoo/monodepthv2/layers.py).
struct DepthSettings {
  double nearest = 0.1;   ///< depth at disparity 1, before scaling
  double farthest = 100;  ///< depth at disparity 0, before scaling
  double scale = 0;       ///< factor to metres; 0 where depth is relative
};

/// How far away every pixel is.
struct GCV_EDGE_API DepthMap {
  Size size;                     ///< of the frame
  std::vector<float> disparity;  ///< [size.height, size.width] from 0 (farthest) to 1 (nearest)
  DepthSettings settings;
  Speed speed;

  /// Whether depth() is in metres; else only ratios of depths mean anything.
  bool is_metric() const { return settings.scale > 0; }

  /// Depth [size.height, size.width].
  std::vector<float> depth() const;
};

}  // namespace gcv
