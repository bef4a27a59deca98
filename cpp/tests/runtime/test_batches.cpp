#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "../check.h"
#include "gcv_edge/detector.h"
#include "networks.h"

// Many frames: batches, and threads that share a network.

TEST(batches, a_batch_equals_its_frames) {
  const Solid red(255, 0, 0), green(0, 200, 0), blue(0, 0, 100, 30, 50);
  const std::vector<gcv::ImageView> frames{red.view, green.view, blue.view};
  for (const char* name : {"detection", "detection_of_two"}) {
    const gcv::Detector detector(network(name));
    const std::vector<gcv::Result> found = detector.run_batch(frames);
    CHECK(found.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      const gcv::Result alone = detector.run(frames[i]);
      CHECK_EQUAL(found[i].scores, alone.scores);
      CHECK(found[i].boxes == alone.boxes);
      CHECK_EQUAL(found[i].class_ids, alone.class_ids);
    }
    CHECK(detector.run_batch({}).empty());
  }
}

TEST(batches, frames_of_any_size_keep_their_shape) {
  const gcv::Detector detector(network("detection_of_any_size"));
  CHECK(detector.inputs()[0].shape == (std::vector<std::int64_t>{1, 3, -1, -1}));
  CHECK(detector.input_size().width == 43 && detector.input_size().height == 32);
  const Solid landscape(255, 0, 0, 128, 96), portrait(0, 200, 0, 50, 70), square(0, 0, 100, 30, 30),
      wide(90, 0, 0, 300, 9);
  const std::vector<gcv::ImageView> frames{landscape.view, portrait.view, square.view, wide.view};
  for (int round = 0; round < 2; ++round) {
    const std::vector<gcv::Result> found = detector.run_batch(frames);
    for (std::size_t i = 0; i < frames.size(); ++i) CHECK(found[i].boxes == detector.run(frames[i]).boxes);
    CHECK(std::abs(found[0].boxes[0][2] - 16.0f * 128 / 43) < 1e-3f);  // the first box is 16 pixels wide in the input
    CHECK(std::abs(found[1].boxes[0][3] - 16.0f * 70 / 45) < 1e-3f);
  }
  detector.warmup();
}

TEST(batches, more_batch_sizes_than_are_kept) {
  const gcv::Detector detector(network("detection"));
  const Solid red(255, 0, 0);
  for (const std::size_t count : {2, 3, 4, 5, 2, 3}) {
    CHECK(detector.run_batch(std::vector<gcv::ImageView>(count, red.view)).size() == count);
  }
}

TEST(threads, many_share_one_detector) {
  const char* wanted = std::getenv("GCV_EDGE_SHARE_SECONDS");
  const auto seconds = std::chrono::seconds(wanted == nullptr ? 1 : std::atoi(wanted));
  const gcv::Detector detector(network("detection"));
  std::atomic<int> wrong{0}, runs{0};
  const auto end = std::chrono::steady_clock::now() + seconds;
  const auto work = [&](int level) {
    const Solid frame(level, 0, 0), other(0, level, 0);
    do {
      const gcv::Result found = detector.run(frame.view);
      const bool is_right = found.size() == 2 && found.class_ids[0] == 0 &&
                            std::abs(found.scores[0] * 255 - static_cast<float>(level)) < 0.01f;
      const auto both = detector.run_batch({frame.view, other.view});
      wrong += is_right && both[1].class_ids[0] == 1 ? 0 : 1;
      ++runs;
    } while (std::chrono::steady_clock::now() < end);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(work, 100 + 15 * i);
  for (std::thread& thread : threads) thread.join();
  std::printf("8 threads shared a Detector for %ld s: %d runs and as many batches of two, %d wrong\n",
              static_cast<long>(seconds.count()), runs.load(), wrong.load());
  CHECK(wrong == 0 && runs >= 8);
}
