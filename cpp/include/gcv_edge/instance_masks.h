#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gcv_edge/detections.h"
#include "gcv_edge/export.h"
#include "gcv_edge/masks.h"
#include "gcv_edge/placement.h"

namespace gcv {

/// The part of a frame that holds an object.
struct MaskCrop {
  Rect region;                       ///< pixels of the frame
  std::vector<std::uint8_t> pixels;  ///< [region.height, region.width]: 1 where the object is, else 0
};

/// Objects found in a frame, best first, with their masks.
struct GCV_EDGE_API InstanceMasks : Detections {
  Size mask_size;                   ///< cells of a mask
  std::vector<float> masks;         ///< [objects, mask_size.height, mask_size.width]: probability in each cell
  std::vector<MaskExtent> extents;  ///< where each mask lies, pixels of the frame; unlike boxes, not clipped
  Size frame_size;

  const float* mask(std::size_t index) const {
    return masks.data() + index * static_cast<std::size_t>(mask_size.width) * mask_size.height;
  }

  /// Pixels of the frame that an object covers, without the empty frame around it.
  MaskCrop crop(std::size_t index) const;
};

}  // namespace gcv
