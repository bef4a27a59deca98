#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <random>
#include <thread>

#include "check.h"
#include "runtime/thread_crew.h"

// Jobs that several threads do: the same results as one thread's.
namespace {

struct Noise {
  Noise(int width, int height) : pixels(std::size_t{3} * width * height) {
    std::mt19937 engine(3);
    for (auto& level : pixels) level = static_cast<std::uint8_t>(engine());
    view = {pixels.data(), width, height, std::ptrdiff_t{3} * width};
  }

  std::vector<std::uint8_t> pixels;
  gcv::ImageView view;
};

std::vector<float> preprocess(const Noise& frame, const char* resize_type, gcv::Size input,
                              gcv::Interpolation interpolation, gcv::Crew* crew) {
  std::vector<float> out(std::size_t{3} * input.width * input.height);
  const gcv::Placement placement = gcv::place(resize_type, {frame.view.width, frame.view.height}, input);
  gcv::preprocess(frame.view, placement, {{1, 2, 3}, {4, 5, 6}, true, 7}, input, out.data(), 0, interpolation, crew);
  return out;
}

std::vector<float> random_numbers(std::size_t count) {
  std::vector<float> numbers(count);
  std::mt19937 engine(5);
  for (float& number : numbers) number = static_cast<float>(engine() % 1000) / 1000;  // many are equal
  return numbers;
}

}  // namespace

TEST(crew, every_part_is_done_once) {
  gcv::ThreadCrew crew(3);
  for (int round = 0; round < 300; ++round) {
    std::atomic<int> done[8] = {};
    crew.work(8, [&](int part) { ++done[part]; });
    for (const auto& times : done) CHECK(times == 1);
  }
  crew.work(0, [](int /*part*/) {});
}

TEST(crew, helpers_work_on_other_cores_than_the_caller) {
  cpu_set_t usable;
  if (pthread_getaffinity_np(pthread_self(), sizeof usable, &usable) != 0 || CPU_COUNT(&usable) < 2) return;
  gcv::ThreadCrew crew(1);
  std::atomic<int> begun{0}, cores{0};
  crew.work(2, [&, caller = pthread_self()](int /*part*/) {
    ++begun;
    while (begun < 2) sched_yield();  // so that each thread has one part
    cpu_set_t mine;
    if (pthread_equal(pthread_self(), caller) != 0 || pthread_getaffinity_np(pthread_self(), sizeof mine, &mine) != 0) {
      return;
    }
    cores = CPU_COUNT(&mine);
  });
  CHECK(cores == CPU_COUNT(&usable) - 1);
}

TEST(crew, errors_are_thrown_by_the_caller) {
  gcv::ThreadCrew crew(2);
  for (int bad = 0; bad < 6; ++bad) {
    const auto refuse = [bad](int part) {
      if (part == bad) throw std::runtime_error("part " + std::to_string(bad));
    };
    CHECK_ERROR(std::runtime_error, "part " + std::to_string(bad), crew.work(6, refuse));
  }
  int done = 0;
  crew.work(1, [&](int /*part*/) { ++done; });
  CHECK(done == 1);
}

TEST(crew, callers_do_not_wait_for_each_other) {
  gcv::ThreadCrew crew(1);
  std::atomic<long> sum{0};
  const auto call = [&] {
    for (int i = 0; i < 200; ++i) crew.work(4, [&](int part) { sum += part; });
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(call);
  for (std::thread& caller : callers) caller.join();
  CHECK(sum == 4L * 200 * 6);
}

TEST(crew, frames_have_the_same_bits) {
  gcv::ThreadCrew crew(2);
  const Noise large(500, 300), same(416, 300);
  for (const char* resize_type : {"standard", "fit_to_window_letterbox", "crop"}) {
    for (const Noise* frame : {&large, &same}) {
      for (const gcv::Size input : {gcv::Size{416, 416}, gcv::Size{500, 300}, gcv::Size{1100, 700}}) {
        for (int number = 0; number < 7; ++number) {
          const auto interpolation = static_cast<gcv::Interpolation>(number);
          CHECK_EQUAL(preprocess(*frame, resize_type, input, interpolation, &crew),
                      preprocess(*frame, resize_type, input, interpolation, nullptr));
        }
      }
    }
  }
}

TEST(crew, detections_are_the_same) {
  gcv::ThreadCrew crew(2);
  constexpr std::int64_t kAnchors = 20'000, kClasses = 9;
  const std::vector<float> scores = random_numbers(kAnchors * kClasses), boxes = random_numbers(kAnchors * 4);
  for (const int topk : {-1, 50, 400}) {
    for (const bool by_class : {false, true}) {
      gcv::NmsSettings settings;
      settings.score_threshold = topk < 0 ? 0.998f : 0.01f;
      settings.nms_topk = topk;
      settings.topk_per_class = by_class;
      const auto find = [&](gcv::Crew* helpers) {
        return gcv::detect(boxes.data(), scores.data(), kAnchors, kClasses, settings, gcv::BoxLayout::shared, helpers);
      };
      const gcv::Detections found = find(&crew), expected = find(nullptr);
      CHECK(!expected.empty() && found.boxes == expected.boxes);
      CHECK_EQUAL(found.scores, expected.scores);
      CHECK_EQUAL(found.class_ids, expected.class_ids);
    }
  }
}
