#pragma once

#include <initializer_list>
#include <utility>

#include "gcv_edge/placement.h"

namespace gcv {

/// Pixels, or cells, of the longest side that is taken.
inline constexpr int kMaxSide = 1 << 26;

/// Throws ArgumentError, with the name, for the first size that is not at least 1x1.
void check_sizes(std::initializer_list<std::pair<const char*, Size>> sizes);

}  // namespace gcv
