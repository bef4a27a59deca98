// Watches a camera for as long as it runs: always the newest frame, never a backlog; a line of JSON per frame, and the
// frames seen and passed over when it ends. Ctrl-C ends it, also where the camera gives no frame.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include "arguments.h"
#include "gcv_edge/detector.h"
#include "json.h"
#include "sources.h"

namespace {

std::atomic<bool> is_asked_to_stop{false};

/// Cancels a stream soon after a signal, whose handler may not do so itself.
class SignalWatch {
 public:
  explicit SignalWatch(const gcv::Cancellation& cancellation)
      : thread_([this, cancellation] { watch(cancellation); }) {}
  ~SignalWatch() {
    is_over_ = true;
    thread_.join();
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void watch(const gcv::Cancellation& cancellation) const {
    while (!is_asked_to_stop && !is_over_) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (is_asked_to_stop) cancellation.request();
  }

  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

void serve(const Arguments& arguments) {
  gcv::Detector detector(arguments.words()[0], arguments.engine());
  detector.set_confidence(static_cast<float>(arguments.number("--confidence", 0.5)));
  detector.warmup();
  const gcv::FrameSource source = open_input(arguments.words()[1]);
  gcv::StreamOptions options;
  options.newest = true;
  const SignalWatch watch(options.cancellation);
  const auto print = [](const gcv::Frame& frame, const gcv::Result& result) {
    std::puts(to_json(frame, result).c_str());
    std::fflush(stdout);
  };
  const gcv::StreamCounts counts = detector.stream(source, print, options);
  std::fprintf(stderr, "%lld frames seen, %lld passed over\n", static_cast<long long>(counts.taken),
               static_cast<long long>(counts.dropped));
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
