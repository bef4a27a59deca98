#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gcv_edge/export.h"
#include "gcv_edge/placement.h"

namespace gcv {

/// Where a mask lies in a frame: x1, y1, x2, y2 in frame pixels; may reach outside.
using MaskExtent = std::array<float, 4>;

/// The part of a frame that a mask can cover: its extent and half a cell around it. 0x0 at (0, 0) where there is none:
/// outside the frame, or for an extent that is empty or not finite.
GCV_EDGE_API Rect mask_region(Size mask, const MaskExtent& extent, Size frame);

/// Write which pixels of a frame belong to an object: 1 where its mask is at least 0.5 at the pixel's centre, else 0.
///
/// `mask` is [size.height, size.width], probabilities. It is interpolated bilinearly between the centres of its cells
/// and fades to 0 in the half cell around them, as in GluonCV's data.transforms.mask.fill(fast_fill=False). What blends
/// with a NaN is not covered. Writes `window`, which is in frame pixels and may be any part of the frame, to `out`
/// [window.height, window.width], whose rows lie `stride` bytes apart (0: no gaps). Identical results on every
/// instruction set; scratch memory is about 16 bytes per column of the window and a copy of the mask. Throws
/// ArgumentError unless the mask has 1x1 to 2^26 cells a side, and the window a corner within 2^26 pixels and sides of
/// 0 to 2^26, or if rows overlap.
GCV_EDGE_API void paste_mask(const float* mask, Size size, const MaskExtent& extent, const Rect& window,
                             std::uint8_t* out, std::ptrdiff_t stride);

}  // namespace gcv
