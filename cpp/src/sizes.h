#pragma once

#include <initializer_list>
#include <utility>

#include "gcv_edge/placement.h"

namespace gcv {

/// Throws ArgumentError, with the name, for the first size that is not at least 1x1.
void check_sizes(std::initializer_list<std::pair<const char*, Size>> sizes);

}  // namespace gcv
