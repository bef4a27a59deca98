#pragma once

#include <cstdint>

#include "gcv_edge/placement.h"

namespace gcv {

/// Stretch a network's map, such as depth, to the pixels of a frame: bilinear, half-pixel centres.
///
/// `values` is [map.height, map.width] and covers an input of size `input`, as the logits of segment() do: cells whose
/// centre lies outside the placement's target are padding and ignored, and frame pixels outside the placement's source
/// repeat the nearest that the network saw. What blends with a NaN is NaN. Identical bits on every instruction set.
/// Writes `out` [frame.height, frame.width]. Throws ArgumentError for empty sizes.
GCV_EDGE_API void resize_map(const float* values, Size map, const Placement& placement, Size input, Size frame,
                             float* out);

/// Turn a network's picture into pixels: `low` becomes 0 and `high` 255; in between linear, halves rounded to even.
///
/// `image` is [channels, size.height, size.width] with 1 or 3 channels; numbers outside are clipped and NaN becomes 0.
/// With `reverse_channels` the third channel comes first: RGB becomes BGR. Identical results on every instruction set.
/// Writes `out` [size.height, size.width, channels]. Throws ArgumentError for another number of channels, empty sizes,
/// or unless low and high are finite and low is the lower one.
GCV_EDGE_API void to_pixels(const float* image, int channels, Size size, float low, float high, bool reverse_channels,
                            std::uint8_t* out);

}  // namespace gcv
