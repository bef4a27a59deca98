#include "gcv_edge/version.h"

namespace gcv {

const char* version() { return GCV_EDGE_VERSION; }

}  // namespace gcv
