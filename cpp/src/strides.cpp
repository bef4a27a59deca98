#include "strides.h"

#include <algorithm>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

/// Bytes that any process can have.
constexpr std::int64_t kAddresses = std::min<std::int64_t>(PTRDIFF_MAX, std::int64_t{1} << 47);

}  // namespace

std::ptrdiff_t complete_stride(const std::string& name, std::ptrdiff_t stride, std::int64_t length, std::int64_t count,
                               std::size_t bytes) {
  const std::int64_t room = kAddresses / static_cast<std::int64_t>(bytes) - length;
  const std::int64_t most = room / std::max<std::int64_t>(count, 1);  // where the next plane begins is a number too
  const std::int64_t whole = stride == 0 ? length : stride;
  const bool overlaps = -length < whole && whole < length;
  const bool is_beyond = room < 0 || whole < -most || most < whole;
  if (overlaps || is_beyond) {
    throw ArgumentError(name + ": found " + std::to_string(whole) + ", expected " +
                        (overlaps ? "0 or at least " : "at most ") + std::to_string(overlaps ? length : most));
  }
  return static_cast<std::ptrdiff_t>(whole);
}

}  // namespace gcv
