#include "gcv_edge/labels.h"

namespace gcv {

std::string Labels::name(std::int64_t id, const char* kind) const {
  if (id >= 0 && id < static_cast<std::int64_t>(size())) return (*names_)[static_cast<std::size_t>(id)];
  return std::string(kind) + " " + std::to_string(id);
}

}  // namespace gcv
