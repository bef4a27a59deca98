#pragma once

#include "gcv_edge/export.h"

namespace gcv {

/// Version of the library, "major.minor.patch".
GCV_EDGE_API const char* version();

}  // namespace gcv
