#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "../check.h"
#include "gcv_edge/action_recognizer.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/error.h"
#include "networks.h"

// Frames as they come: in order, bounded, ended from inside and outside, newest first; and runs that are waited for
// later.
namespace {

/// A source of grey frames, each brighter than the one before.
class Rising {
 public:
  explicit Rising(int count) : left_(count) {}

  bool operator()(gcv::Frame& frame) {
    if (left_-- <= 0) return false;
    ++level;
    frame = gcv::copy_frame(Solid(level, level, level).view);
    return true;
  }

  int level = 100;

 private:
  int left_;
};

/// A camera that gives some frames at once, and then none until its end. Its source may outlive it.
class Stuck {
 public:
  explicit Stuck(int frames) : state_(std::make_shared<State>()) { state_->left = frames; }
  ~Stuck() { state_->let_go.set_value(); }
  Stuck(const Stuck&) = delete;
  Stuck& operator=(const Stuck&) = delete;

  gcv::FrameSource source() {
    return [state = state_](gcv::Frame& frame) {
      frame = gcv::copy_frame(Solid(255, 0, 0).view);
      if (state->left-- > 0) return true;
      state->is_blocked.set_value();
      state->let_go.get_future().wait();
      return false;
    };
  }

  void wait_until_blocked() { state_->is_blocked.get_future().wait(); }

 private:
  struct State {
    int left = 0;
    std::promise<void> is_blocked, let_go;
  };

  std::shared_ptr<State> state_;
};

void ignore(const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) {}

}  // namespace

TEST(streams, results_are_in_order) {
  for (const int streams : {0, 2}) {
    gcv::Options options;
    options.streams = streams;
    const gcv::Detector detector(network("detection"), options);
    int taken = 0;
    Rising source(60);
    detector.stream(std::ref(source), [&](const gcv::Frame& frame, gcv::Result&& result) {
      CHECK(frame.index == taken);
      CHECK(std::abs(result.scores[0] * 255 - static_cast<float>(101 + taken)) < 0.01f);
      ++taken;
    });
    CHECK(taken == 60);
  }
}

TEST(streams, reading_ahead_is_bounded) {
  const gcv::Detector detector(network("detection"));
  std::atomic<int> read{0};
  int taken = 0, most = 0;
  Rising source(40);
  const gcv::FrameSource counted = [&](gcv::Frame& frame) {
    ++read;
    return source(frame);
  };
  detector.stream(counted, [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    most = std::max(most, read - taken++);
  });
  CHECK(taken == 40 && most <= 4 + detector.streams() + 3);
}

TEST(streams, errors_end_it) {
  const gcv::Detector detector(network("detection"));
  const auto ignore = [](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) {};
  const auto broken = [](gcv::Frame& frame) -> bool {
    if (frame.index == 0) throw std::runtime_error("the camera is gone");
    return true;
  };
  CHECK_ERROR(std::runtime_error, "the camera is gone", detector.stream(broken, ignore));
  int left = 3;
  const auto empty_frames = [&](gcv::Frame& /*frame*/) { return left-- > 0; };
  CHECK_ERROR(gcv::ArgumentError, "frame: found no data", detector.stream(empty_frames, ignore));
  Rising source(1000);
  const auto refuse = [](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { throw std::runtime_error("enough"); };
  CHECK_ERROR(std::runtime_error, "enough", detector.stream(std::ref(source), refuse));
}

TEST(streams, take_may_end_it) {
  const gcv::Detector detector(network("detection"));
  Rising source(1000);
  int taken = 0;
  const gcv::StreamCounts counts = detector.stream(
      std::ref(source), [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { return ++taken < 5; });
  CHECK(taken == 5 && counts.taken == 5 && counts.dropped == 0 && !counts.is_cancelled);
  CHECK(source.level < 100 + 5 + 4 + detector.streams() + 3);
}

/// As of C, and of a class of the caller's.
struct Answer {
  bool goes_on;
  explicit operator bool() const { return goes_on; }
};

TEST(streams, what_take_returns_may_convert_to_bool) {
  const gcv::Detector detector(network("detection"));
  int taken = 0;
  const auto as_int = [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { return ++taken < 5 ? 1 : 0; };
  CHECK(detector.stream(Rising(50), as_int).taken == 5);
  taken = 0;
  const auto as_class = [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { return Answer{++taken < 5}; };
  CHECK(detector.stream(Rising(50), as_class).taken == 5);
}

TEST(streams, empty_functions_are_refused) {
  const gcv::Detector detector(network("detection"));
  const auto take = [](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) {};
  CHECK_ERROR(gcv::ArgumentError, "read: found an empty function", detector.stream(gcv::FrameSource(), take));
  const std::function<void(const gcv::Frame&, gcv::Result&&)> none;
  CHECK_ERROR(gcv::ArgumentError, "take: found an empty function", detector.stream(Rising(5), none));
  bool (*const nothing)(const gcv::Frame&, gcv::Result&&) = nullptr;
  CHECK_ERROR(gcv::ArgumentError, "take: found an empty function", detector.stream(Rising(5), nothing));
}

TEST(streams, another_thread_cancels_while_read_blocks) {
  const gcv::Detector detector(network("detection"));
  Stuck camera(3);
  gcv::StreamOptions options;
  std::thread other([&] {
    camera.wait_until_blocked();
    options.cancellation.request();
  });
  const gcv::StreamCounts counts = detector.stream(camera.source(), ignore, options);
  CHECK(counts.is_cancelled && counts.taken <= 3);
  other.join();
  Rising untouched(9);
  CHECK(detector.stream(std::ref(untouched), ignore, options).taken == 0);
}

TEST(streams, take_cancels) {
  const gcv::Detector detector(network("detection"));
  gcv::StreamOptions options;
  Stuck camera(1);
  const auto cancel = [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { options.cancellation.request(); };
  CHECK(detector.stream(camera.source(), cancel, options).is_cancelled);
}

TEST(streams, an_action_stream_is_cancelled_too) {
  const gcv::ActionRecognizer recognizer(network("clip"));
  Stuck camera(100);
  gcv::StreamOptions options;
  int taken = 0;
  const auto cancel = [&](gcv::Classification&& /*result*/) {
    ++taken;
    options.cancellation.request();
  };
  CHECK(recognizer.stream(camera.source(), cancel, options).is_cancelled && taken == 1);
  options.newest = true;
  CHECK_ERROR(gcv::ArgumentError, "newest: found true", recognizer.stream(camera.source(), cancel, options));
}

TEST(streams, the_newest_frame_is_run) {
  const gcv::Detector detector(network("detection"));
  constexpr int kFrames = 60;
  int left = kFrames;
  const auto camera = [&](gcv::Frame& frame) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    frame = gcv::copy_frame(Solid(255, 0, 0).view);
    return left-- > 0;
  };
  gcv::StreamOptions options;
  options.newest = true;
  std::int64_t last = -1, passed_over = 0;
  const auto slow = [&](const gcv::Frame& frame, gcv::Result&& result) {
    CHECK(frame.index > last && result.size() == 2);
    passed_over += frame.index - last - 1;
    last = frame.index;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  const gcv::StreamCounts counts = detector.stream(camera, slow, options);
  CHECK(last == kFrames - 1);
  CHECK(counts.dropped > kFrames / 4 && counts.dropped == passed_over && counts.taken + counts.dropped == kFrames);
}

TEST(streams, runs_that_are_waited_for_later) {
  std::vector<std::future<gcv::Result>> waited;
  {
    const gcv::Detector detector(network("detection"));
    gcv::Detector strict = detector;
    strict.set_confidence(0.6f);
    for (int i = 0; i < 20; ++i) {
      waited.push_back((i % 2 == 0 ? detector : strict).run_async(gcv::copy_frame(Solid(255, 0, 0).view)));
    }
    waited.push_back(detector.run_async({}));
  }
  for (std::size_t i = 0; i < 20; ++i) CHECK(waited[i].get().size() == (i % 2 == 0 ? 2 : 1));
  CHECK_ERROR(gcv::ArgumentError, "frame: found no data", waited[20].get());
}
