#pragma once

#include <array>

#include "gcv_edge/placement.h"

namespace gcv {

/// A map of the plane: x' = [0] x + [1] y + [2], y' = [3] x + [4] y + [5].
using AffineMap = std::array<double, 6>;

using Triangle = std::array<Point, 3>;

/// The map that takes one triangle to another, with the bits of OpenCV's getAffineTransform; all 0 where a side is
/// empty.
AffineMap map_triangle(const Triangle& from, const Triangle& to);

/// The map back, with the bits of OpenCV's warpAffine; all 0 where there is none.
AffineMap invert(const AffineMap& map);

}  // namespace gcv
