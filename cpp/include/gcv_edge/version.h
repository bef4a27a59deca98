#pragma once

#include "gcv_edge/export.h"
#include "gcv_edge/version_numbers.h"

namespace gcv {

/// Version of the library, "major.minor.patch".
GCV_EDGE_API const char* version();

}  // namespace gcv
