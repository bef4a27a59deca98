#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/placement.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// A class for every pixel of a frame.
struct GCV_EDGE_API Segmentation {
  Size size;                            ///< of the frame
  std::vector<std::uint8_t> class_map;  ///< [size.height, size.width] class ids; empty where there are over 256 classes
  std::vector<std::int32_t> wide_map;   ///< the same for over 256 classes; else empty
  Labels labels;                        ///< class names; empty where the file has none
  Speed speed;

  std::int32_t at(int x, int y) const {
    const std::size_t index = static_cast<std::size_t>(y) * size.width + x;
    return wide_map.empty() ? class_map[index] : wide_map[index];
  }
};

/// Class of every frame pixel from a network's logits: bilinear (half-pixel centres), then argmax.
///
/// `logits` is [classes, map.height, map.width] and covers an input of size `input`; cells whose centre lies outside
/// the placement's target are padding and ignored. Frame pixels outside the placement's source take the class of the
/// nearest pixel that the network saw. The lowest of equal classes wins and NaN never does. Scratch
/// memory is two rows of frame.width * classes numbers. Identical results on every instruction set.
/// Writes `out` [frame.height, frame.width]. Throws ArgumentError for empty sizes, or over 256 classes for 8-bit ids.
GCV_EDGE_API void segment(const float* logits, int classes, Size map, const Placement& placement, Size input,
                          Size frame, std::uint8_t* out);
GCV_EDGE_API void segment(const float* logits, int classes, Size map, const Placement& placement, Size input,
                          Size frame, std::int32_t* out);

}  // namespace gcv
