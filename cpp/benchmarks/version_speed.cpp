// What a build of this library costs: one line of seconds to open a network, milliseconds from a frame of 1920x1080 to
// boxes and of that before and after the inference (the best of some), the same two of a frame of 640x480, allocations
// per frame of this library, and of the engine.
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

struct Best {
  double frame_ms = 1e9;
  double around_inference_ms = 1e9;
};

// What a camera of `width` x `height` gives: no two rows are alike.
class Frame {
 public:
  Frame(int width, int height) : pixels_(std::size_t{3} * width * height), width_(width), height_(height) {
    for (std::size_t i = 0; i < pixels_.size(); ++i) pixels_[i] = static_cast<std::uint8_t>(i * 7 % 251);
  }

  gcv::ImageView view() const { return {pixels_.data(), width_, height_, std::ptrdiff_t{3} * width_}; }

 private:
  std::vector<std::uint8_t> pixels_;
  int width_, height_;
};

Best measure_frames(const gcv::Detector& detector, const Frame& frame, int frames) {
  gcv::Result result;
  Best best;
  for (int i = 0; i < 10; ++i) run(detector, frame.view(), result);
  for (int i = 0; i < frames; ++i) {
    const auto begin = Clock::now();
    run(detector, frame.view(), result);
    best.frame_ms = std::min(best.frame_ms, 1e3 * seconds_since(begin));
    const double around = result.speed.preprocess_ms + result.speed.postprocess_ms;
    best.around_inference_ms = std::min(best.around_inference_ms, around);
  }
  return best;
}

void measure(const char* model, int frames, const char* cache) {
  const auto start = Clock::now();
  const gcv::Detector detector = open(model, cache);
  const double opened = seconds_since(start);
  const Frame large(1920, 1080), small(640, 480);
  const Best best = measure_frames(detector, large, frames);
  const Best best_small = measure_frames(detector, small, frames);
  gcv::Result result;
  run(detector, large.view(), result);
  auto& [is_counting, own, engines] = allocation_counts;
  is_counting = true;
  for (int i = 0; i < frames; ++i) run(detector, large.view(), result);
  is_counting = false;
  std::printf("%.6f %.6f %.6f %.6f %.6f %.2f %.2f\n", opened, best.frame_ms, best.around_inference_ms,
              best_small.frame_ms, best_small.around_inference_ms, 1.0 * own / frames, 1.0 * engines / frames);
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
