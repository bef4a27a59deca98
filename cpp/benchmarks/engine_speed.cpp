// What a program costs with the engine that it is linked with: one line of seconds to open a network, milliseconds of
// the first frame of 1920x1080, of the best frame and of the best inference alone, and megabytes that the process took
// at most.
//   engine_speed MODEL FRAMES      FRAMES after the first

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "gcv_edge/detector.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double peak_megabytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) * 1024 / 1e6;
}

void measure(const char* model, int frames) {
  std::vector<std::uint8_t> pixels(std::size_t{3} * 1920 * 1080);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
  const gcv::ImageView frame{pixels.data(), 1920, 1080};
  auto start = Clock::now();
  const gcv::Detector detector(model);
  const double opened = seconds_since(start);
  gcv::Result result;
  start = Clock::now();
  detector.run_into(frame, result);
  const double first = 1e3 * seconds_since(start);
  double best = first, best_inference = result.speed.inference_ms;
  for (int i = 0; i < frames; ++i) {
    start = Clock::now();
    detector.run_into(frame, result);
    best = std::min(best, 1e3 * seconds_since(start));
    best_inference = std::min(best_inference, result.speed.inference_ms);
  }
  std::printf("%.6f %.6f %.6f %.6f %.3f\n", opened, first, best, best_inference, peak_megabytes());
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  try {
    measure(words[1], std::atoi(words[2]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
