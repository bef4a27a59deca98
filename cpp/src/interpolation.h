#pragma once

#include <vector>

namespace gcv {

/// What parse_interpolation() reads, by number.
std::vector<const char*> interpolation_names();

}  // namespace gcv
