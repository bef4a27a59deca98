#include "sizes.h"

#include <string>

#include "gcv_edge/error.h"

namespace gcv {

void check_sizes(std::initializer_list<std::pair<const char*, Size>> sizes) {
  for (const auto& [name, size] : sizes) {
    if (size.width >= 1 && size.height >= 1) continue;
    throw ArgumentError(std::string(name) + ": found " + std::to_string(size.width) + "x" +
                        std::to_string(size.height) + ", expected at least 1x1");
  }
}

}  // namespace gcv
