#pragma once

#include <string_view>

#include "gcv_edge/export.h"

namespace gcv {

/// How pixels between those of a frame are made, each within one level of OpenCV's (lanczos: Pillow's) for 8-bit
/// pictures.
enum class Interpolation {
  bilinear,  ///< INTER_LINEAR
  nearest,   ///< INTER_NEAREST
  area,      ///< INTER_AREA
  bicubic,   ///< INTER_CUBIC
  by_size,   ///< area if both sides shrink, bicubic if both grow, else bilinear: `interp=9` of MXNet and GluonCV
  warp,      ///< warpAffine with INTER_LINEAR: positions in 32nds of a pixel, and the frame's edges fade to padding
  lanczos,   ///< Pillow's LANCZOS: a kernel of three pixels each way, of the input's pixels where the frame shrinks
};

/// Read a name: the enumerator's own. Throws ArgumentError for another.
GCV_EDGE_API Interpolation parse_interpolation(std::string_view name);

GCV_EDGE_API std::string_view to_string(Interpolation interpolation);

}  // namespace gcv
