#include "gcv_edge/clips.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

constexpr std::size_t kMaxFrames = std::size_t{1} << 24;

void check_range(const char* name, int found, int low, int high) {
  if (found >= low && found <= high) return;
  throw ArgumentError(std::string(name) + ": found " + std::to_string(found) + ", expected a whole number from " +
                      std::to_string(low) + " to " + std::to_string(high));
}

void check(std::int32_t frames, const std::vector<int>& offsets, int window, int segments) {
  if (frames < 1) throw ArgumentError("frames: found " + std::to_string(frames) + ", expected at least 1");
  check_range("window", window, 1, kMaxClipWindow);
  check_range("segments", segments, 1, kMaxClipWindow);
  for (const int offset : offsets) check_range("offsets", offset, 0, window - 1);
  if (offsets.empty() || offsets.size() > kMaxFrames / static_cast<std::size_t>(segments)) {
    throw ArgumentError("offsets: found " + std::to_string(offsets.size()) + " for each of " +
                        std::to_string(segments) + " clips, expected 1 to 2^24 frames in all");
  }
}

/// The last of the frames that are left which whole steps reach, where the offset itself lies beyond.
std::int32_t reach(std::int32_t offset, std::int32_t step, std::int32_t frames) {
  return std::min(offset, std::max(frames - 2, 0) / step * step);
}

}  // namespace

std::vector<std::vector<std::int32_t>> sample_clips(std::int32_t frames, const std::vector<int>& offsets, int window,
                                                    int segments) {
  check(frames, offsets, window, segments);
  const int common = std::accumulate(offsets.begin(), offsets.end(), 0, std::gcd<int, int>);
  const int step = common == 0 ? 1 : common;
  const double part = static_cast<double>(std::max(frames - window + 1, 0)) / segments;
  std::vector<std::vector<std::int32_t>> clips(static_cast<std::size_t>(segments));
  for (int i = 0; i < segments; ++i) {
    const auto start = static_cast<std::int32_t>(part / 2 + part * i);
    for (const int offset : offsets) clips[i].push_back(start + reach(offset, step, frames - start));
  }
  return clips;
}

}  // namespace gcv
