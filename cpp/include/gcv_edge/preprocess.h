#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gcv_edge/image.h"
#include "gcv_edge/interpolation.h"
#include "gcv_edge/placement.h"

namespace gcv {

/// How levels become the network's numbers: (level - mean) * (1 / scale), in the network's channel order.
struct Normalization {
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1, 1, 1};
  bool reverse_channels = true;  ///< the network wants RGB; false: BGR
  float pad_value = 0;           ///< level of what the frame does not cover, 0..255, before normalising
  int channels = 3;              ///< that the network sees: 3, or 1 for grey, normalised by the first numbers
};

/// Resample a frame into a planar network input.
///
/// Levels are those of OpenCV's resize (see Interpolation), rounded to 8 bits, then normalised. A pixel whose centre
/// falls outside the frame is padding; inside, edges repeat. Identical bits on every instruction set. Reads only the
/// rows and pixels that are needed.
///
/// Where the network sees grey, each resampled pixel is weighed as OpenCV's cvtColor does (BT.601, 15-bit weights,
/// rounded to 8 bits): (9798 R + 19235 G + 3735 B + 2^14) >> 15. Frames that are grey stay as they are.
///
/// `out` holds [channels, input.height, input.width]; its planes begin `plane_stride` numbers apart, 0 meaning side by
/// side. So a frame can become one position of a clip [3, T, height, width]: plane_stride T * height * width. Throws
/// ArgumentError if the target does not fit the input, there are neither 3 nor 1 channels, the scale is zero, a number
/// is not finite or planes overlap.
/// Re-entrant; scratch memory is about 40 bytes per target column.
GCV_EDGE_API void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization,
                             Size input, float* out, std::ptrdiff_t plane_stride = 0,
                             Interpolation interpolation = Interpolation::bilinear);

/// The same without normalising (mean and scale are ignored): levels, for networks that take 8-bit input.
GCV_EDGE_API void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization,
                             Size input, std::uint8_t* out, std::ptrdiff_t plane_stride = 0,
                             Interpolation interpolation = Interpolation::bilinear);

}  // namespace gcv
