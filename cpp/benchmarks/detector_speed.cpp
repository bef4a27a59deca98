// What Detector costs over bare OpenVINO, on 1080p frames, in turns so that a busy neighbour slows both alike.
//   detector_speed MODEL latency ROUNDS THREADS CONFIDENCE     milliseconds of run() and of infer(), one line per round
//   detector_speed MODEL throughput SECONDS THREADS CONFIDENCE frames per second of stream() and of bare requests

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <openvino/openvino.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gcv_edge/detector.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A noisy picture of 1920x1080.
struct Frame1080 {
  Frame1080() : pixels(std::size_t{3} * 1920 * 1080), view{pixels.data(), 1920, 1080, std::ptrdiff_t{3} * 1920} {
    std::mt19937 engine(0);
    for (auto& level : pixels) level = static_cast<std::uint8_t>(engine() >> 24);
  }

  std::vector<std::uint8_t> pixels;
  gcv::ImageView view;
};

ov::CompiledModel compile(const std::string& path, const char* hint, const std::string& threads) {
  static ov::Core core;
  const auto model = core.read_model(path);
  ov::PartialShape shape = model->input(0).get_partial_shape();
  shape[0] = 1;
  model->reshape(shape);
  ov::AnyMap config{{"PERFORMANCE_HINT", std::string(hint)}, {"INFERENCE_PRECISION_HINT", std::string("f32")}};
  if (threads != "0") config["INFERENCE_NUM_THREADS"] = threads;
  return core.compile_model(model, "CPU", config);
}

void fill(ov::InferRequest& request) {
  ov::Tensor input = request.get_input_tensor(0);
  auto* values = input.data<float>();
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < input.get_size(); ++i) values[i] = normal(engine);
}

gcv::Detector open(const std::string& path, gcv::Hint hint, int threads, float confidence) {
  gcv::Options options;
  options.hint = hint;
  options.threads = threads;
  gcv::Detector detector(path, options);
  detector.set_confidence(confidence);
  return detector;
}

void measure_latency(const std::string& path, int rounds, const std::string& threads, float confidence) {
  const Frame1080 frame;
  const gcv::Detector detector = open(path, gcv::Hint::latency, std::stoi(threads), confidence);
  ov::InferRequest request = compile(path, "LATENCY", threads).create_infer_request();
  fill(request);
  request.infer();
  detector.run(frame.view);
  for (int i = 0; i < rounds; ++i) {
    const auto first = Clock::now();
    request.infer();
    const double bare = seconds_since(first);
    const auto second = Clock::now();
    const gcv::Result found = detector.run(frame.view);
    std::printf("%.6f %.6f %zu\n", 1e3 * bare, 1e3 * seconds_since(second), found.size());
  }
}

/// Frames per second of requests that start again when they are done, as OpenVINO's benchmark_app runs them.
double bare_rate(const std::string& path, double seconds, const std::string& threads) {
  ov::CompiledModel compiled = compile(path, "THROUGHPUT", threads);
  std::vector<ov::InferRequest> requests(compiled.get_property(ov::optimal_number_of_infer_requests));
  std::atomic<bool> is_over{false};
  std::atomic<long> done{0};
  for (ov::InferRequest& request : requests) {
    request = compiled.create_infer_request();
    fill(request);
    request.infer();
    request.set_callback([&](std::exception_ptr error) {
      if (error || is_over) return;
      ++done;
      request.start_async();
    });
  }
  const auto start = Clock::now();
  for (ov::InferRequest& request : requests) request.start_async();
  while (seconds_since(start) < seconds) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double rate = static_cast<double>(done) / seconds_since(start);
  is_over = true;
  for (ov::InferRequest& request : requests) request.wait();
  return rate;
}

double stream_rate(const gcv::Detector& detector, const Frame1080& picture, double seconds) {
  long done = 0;
  const auto start = Clock::now();
  const auto read = [&](gcv::Frame& frame) {
    frame.image = picture.view;
    return seconds_since(start) < seconds;
  };
  detector.stream(read, [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) { ++done; });
  return static_cast<double>(done) / seconds_since(start);
}

void measure_throughput(const std::string& path, double seconds, const std::string& threads, float confidence) {
  const Frame1080 picture;
  const gcv::Detector detector = open(path, gcv::Hint::throughput, std::stoi(threads), confidence);
  detector.warmup(3);
  for (int round = 0; round < 3; ++round) {
    const double bare = bare_rate(path, seconds, threads);
    std::printf("%.4f %.4f %d\n", bare, stream_rate(detector, picture, seconds), detector.streams());
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) return 2;
  try {
    const std::string manner = words[2];
    const auto confidence = static_cast<float>(std::atof(words[5]));
    if (manner == "latency") {
      measure_latency(words[1], std::atoi(words[3]), words[4], confidence);
    } else {
      measure_throughput(words[1], std::atof(words[3]), words[4], confidence);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
