// Many frames through one Detector: memory stays flat and no descriptor is left open. soak MODEL [FRAMES]

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <vector>

#include "gcv_edge/detector.h"

namespace {

/// Of memory, in both directions.
constexpr double kMostChange = 0.02;

/// Memory is looked at so often.
constexpr int kLooks = 10;

/// Resident memory, bytes. What the allocator keeps for later is given back first: how much that is, is chance.
/// It gives back the whole of its main arena alone.
double resident() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident_pages = 0;
  file >> pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

long open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return std::distance(begin(entries), end(entries));
}

/// Frames of other sizes one after the other, so that scratch memory grows and shrinks; the largest is 1920x1080.
class Frames {
 public:
  Frames() : pixels_(std::size_t{3} * 1920 * 1080, 90) {}

  gcv::ImageView next() {
    const int width = 160 + static_cast<int>(count_ % 12) * 160, height = 120 + static_cast<int>(count_ % 5) * 240;
    pixels_[static_cast<std::size_t>(count_++) % pixels_.size()] += 1;
    return {pixels_.data(), width, height, std::ptrdiff_t{3} * width};
  }

 private:
  long count_ = 0;
  std::vector<std::uint8_t> pixels_;
};

/// Alone, as a stream and in batches by turns.
long run(const gcv::Detector& detector, long count) {
  Frames frames;
  long done = 0;
  while (done < count) {
    for (int i = 0; i < 50; ++i, ++done) detector.run(frames.next());
    int left = 40;
    const auto read = [&](gcv::Frame& frame) {
      if (left-- > 0) frame = gcv::copy_frame(frames.next());
      return left >= 0;
    };
    detector.stream(read, [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { ++done; });
    for (int i = 0; i < 5; ++i, done += 2) detector.run_batch({frames.next(), frames.next()});
  }
  return done;
}

int soak(const char* path, long frames) {
  const gcv::Detector detector(path);
  run(detector, std::max(frames / 4, 200L));
  const double before = resident();
  const long descriptors = open_descriptors();
  const auto start = std::chrono::steady_clock::now();
  double least = before, most = before;
  long done = 0;
  for (int look = 1; look <= kLooks; ++look) {
    done += run(detector, frames * look / kLooks - done);
    const double now = resident();
    least = std::min(least, now);
    most = std::max(most, now);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const long left_open = open_descriptors() - descriptors;
  std::printf("%ld frames in %.1f s: memory %.1f MB, %+.2f to %+.2f %%; %ld descriptors left open\n", done, seconds,
              before / 1e6, 100 * (least - before) / before, 100 * (most - before) / before, left_open);
  const double change = std::max(most - before, before - least);
  return change <= kMostChange * before && left_open == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) return 2;
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
#endif
  try {
    return soak(arguments[1], count > 2 ? std::atol(arguments[2]) : 10'000);
  } catch (const std::exception& error) {
    std::printf("Error: %s\n", error.what());
    return 1;
  }
}
