// Watches a camera for as long as it runs: always the newest frame, never a backlog; a line of JSON per frame, and the
// frames seen and passed over when it ends. Ctrl-C ends it.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "arguments.h"
#include "gcv_edge/detector.h"
#include "json.h"
#include "sources.h"

namespace {

std::atomic<bool> is_asked_to_stop{false};

/// Room for one frame; a newer one takes the place of one that nobody has taken.
class Newest {
 public:
  void put(gcv::Frame frame) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      passed_over_ += frame_ ? 1 : 0;
      frame_ = std::move(frame);
    }
    changed_.notify_one();
  }

  void end(std::exception_ptr error) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      has_ended_ = true;
      error_ = error;
    }
    changed_.notify_one();
  }

  std::optional<gcv::Frame> take() {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto is_ready = [this] { return frame_ || has_ended_ || is_asked_to_stop; };
    while (!changed_.wait_for(lock, std::chrono::milliseconds(100), is_ready)) {
    }
    if (!frame_ && error_) std::rethrow_exception(error_);
    std::optional<gcv::Frame> taken;
    taken.swap(frame_);
    return taken;
  }

  long passed_over() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return passed_over_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<gcv::Frame> frame_;
  std::exception_ptr error_;
  bool has_ended_ = false;
  long passed_over_ = 0;
};

void read_camera(const std::string& input, Newest& newest) {
  std::exception_ptr error;
  try {
    const gcv::FrameSource source = open_input(input);
    gcv::Frame frame;
    for (std::int64_t index = 0; !is_asked_to_stop && source(frame); ++index) {
      frame.index = index;
      newest.put(std::move(frame));
      frame = {};
    }
  } catch (...) {
    error = std::current_exception();
  }
  newest.end(error);
}

void watch(const gcv::Detector& detector, Newest& newest) {
  long seen = 0;
  while (!is_asked_to_stop) {
    const std::optional<gcv::Frame> frame = newest.take();
    if (!frame) break;
    std::puts(to_json(*frame, detector.run(frame->image)).c_str());
    std::fflush(stdout);
    ++seen;
  }
  std::fprintf(stderr, "%ld frames seen, %ld passed over\n", seen, newest.passed_over());
}

void serve(const Arguments& arguments) {
  gcv::Detector detector(arguments.words()[0], arguments.engine());
  detector.set_confidence(static_cast<float>(arguments.number("--confidence", 0.5)));
  detector.warmup();
  Newest newest;
  std::thread reader(read_camera, arguments.words()[1], std::ref(newest));
  std::exception_ptr error;
  try {
    watch(detector, newest);
  } catch (...) {
    error = std::current_exception();
  }
  is_asked_to_stop = true;
  reader.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace

int main(int count, char** words) {
  std::signal(SIGINT, [](int /*signal*/) { is_asked_to_stop = true; });
  try {
    const Arguments arguments(count, words, {"--confidence"});
    if (arguments.words().size() != 2) {
      std::fprintf(stderr, "usage: serve_camera MODEL INPUT [--confidence 0.5] [--threads N]\nINPUT: %s\n",
                   describe_inputs());
      return 2;
    }
    serve(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
