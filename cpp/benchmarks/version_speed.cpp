// What a build of this library costs: one line of seconds to open a network, milliseconds from a frame of 1920x1080 to
// boxes and of that before and after the inference (the best of some), allocations per frame of this library, and of
// the engine.
//   version_speed MODEL FRAMES [CACHE]
// It compiles with earlier versions too, which have no cache and no run_into(): CACHE is then refused.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "../tests/runtime/counted_allocations.h"
#include "gcv_edge/detector.h"
#if __has_include("gcv_edge/model_source.h")
#define HAS_RUN_INTO
#endif

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

#ifdef HAS_RUN_INTO
gcv::Detector open(const char* model, const char* cache) {
  gcv::Options options;
  if (cache != nullptr) options.cache_dir = cache;
  return gcv::Detector(std::string(model), options);
}

void run(const gcv::Detector& detector, const gcv::ImageView& frame, gcv::Result& result) {
  detector.run_into(frame, result);
}
#else
gcv::Detector open(const char* model, const char* cache) {
  if (cache != nullptr) throw std::runtime_error("this version has no cache");
  return gcv::Detector(model);
}

void run(const gcv::Detector& detector, const gcv::ImageView& frame, gcv::Result& result) {
  result = detector.run(frame);
}
#endif

void measure(const char* model, int frames, const char* cache) {
  const auto start = Clock::now();
  const gcv::Detector detector = open(model, cache);
  const double opened = seconds_since(start);
  std::vector<std::uint8_t> pixels(std::size_t{3} * 1920 * 1080);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
  const gcv::ImageView frame{pixels.data(), 1920, 1080, std::ptrdiff_t{3} * 1920};
  gcv::Result result;
  for (int i = 0; i < 10; ++i) run(detector, frame, result);
  double best = 1e9, best_around = 1e9;
  for (int i = 0; i < frames; ++i) {
    const auto begin = Clock::now();
    run(detector, frame, result);
    best = std::min(best, seconds_since(begin));
    best_around = std::min(best_around, result.speed.preprocess_ms + result.speed.postprocess_ms);
  }
  auto& [is_counting, own, engines] = allocation_counts;
  is_counting = true;
  for (int i = 0; i < frames; ++i) run(detector, frame, result);
  is_counting = false;
  std::printf("%.6f %.6f %.6f %.2f %.2f\n", opened, 1e3 * best, best_around, 1.0 * own / frames,
              1.0 * engines / frames);
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  try {
    measure(words[1], std::atoi(words[2]), count > 3 ? words[3] : nullptr);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
