#pragma once

#include <cstdint>

#include "gcv_edge/placement.h"

namespace gcv {

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
