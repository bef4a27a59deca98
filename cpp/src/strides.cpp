#include "strides.h"

#include <algorithm>

#include "gcv_edge/error.h"

namespace gcv {

std::ptrdiff_t complete_stride(const std::string& name, std::ptrdiff_t stride, std::int64_t length, std::int64_t count,
                               std::size_t bytes) {
  const std::int64_t room = PTRDIFF_MAX / static_cast<std::int64_t>(bytes) - length;
  const std::int64_t most = room / std::max<std::int64_t>(count - 1, 1);
  const std::int64_t whole = stride == 0 ? length : stride;
  if (whole > -length && whole < length) {
    throw ArgumentError(name + ": found " + std::to_string(whole) + ", expected 0 or at least " +
                        std::to_string(length));
  }
  if (whole > most || whole < -most) {
    throw ArgumentError(name + ": found " + std::to_string(whole) + ", expected at most " + std::to_string(most));
  }
  return static_cast<std::ptrdiff_t>(whole);
}

}  // namespace gcv
