#pragma once

#include <chrono>

#include "gcv_edge/speed.h"

namespace gcv {

/// Measures the stages of results; stages that a batch shares are divided among its frames.
class Stopwatch {
 public:
  explicit Stopwatch(std::size_t frames = 1) : share_(1e3 / static_cast<double>(frames)), last_(Clock::now()) {}

  /// Leave out what came since the last stage.
  void skip() { lap(); }

  void end_preprocess() { shared_.preprocess_ms = lap() * share_; }
  void end_inference() { shared_.inference_ms = lap() * share_; }

  /// End one frame's post-processing and return its stages.
  Speed end_frame() {
    Speed speed = shared_;
    speed.postprocess_ms = lap() * 1e3;
    return speed;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Seconds since the last call.
  double lap() {
    const Clock::time_point now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

  double share_;
  Clock::time_point last_;
  Speed shared_;
};

}  // namespace gcv
