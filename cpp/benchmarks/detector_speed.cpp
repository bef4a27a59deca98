// What Detector costs over bare OpenVINO, on a frame of 1920x1080 (a file of BGR bytes), in turns so that a busy
// neighbour slows both alike.
//   detector_speed MODEL FRAME latency ROUNDS THREADS CONFIDENCE
//     milliseconds of infer(), of run() and of its three stages, and detections; one line per round
//   detector_speed MODEL FRAME stream SECONDS THREADS CONFIDENCE
//     milliseconds per frame of infer() and of stream(), both for latency; one line per round
//   detector_speed MODEL FRAME throughput SECONDS THREADS CONFIDENCE
//     frames per second of bare requests and of stream(), both for throughput, and streams; one line

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <openvino/openvino.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gcv_edge/detector.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 3;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// What is measured, and how.
struct Job {
  std::string model, frame;
  double amount;
  std::string threads;
  float confidence;
};

struct Frame1080 {
  explicit Frame1080(const std::string& path)
      : pixels(std::size_t{3} * 1920 * 1080), view{pixels.data(), 1920, 1080, std::ptrdiff_t{3} * 1920} {
    std::ifstream file(path, std::ios::binary);
    if (!file.read(reinterpret_cast<char*>(pixels.data()), static_cast<std::streamsize>(pixels.size()))) {
      throw std::runtime_error(path + ": found no frame of 1920x1080 BGR");
    }
  }

  std::vector<std::uint8_t> pixels;
  gcv::ImageView view;
};

ov::CompiledModel compile(const Job& job, const char* hint) {
  static ov::Core core;
  const auto model = core.read_model(job.model);
  ov::PartialShape shape = model->input(0).get_partial_shape();
  shape[0] = 1;
  model->reshape(shape);
  ov::AnyMap config{{"PERFORMANCE_HINT", std::string(hint)}, {"INFERENCE_PRECISION_HINT", std::string("f32")}};
  if (job.threads != "0") config["INFERENCE_NUM_THREADS"] = job.threads;
  return core.compile_model(model, "CPU", config);
}

/// A request that has run once, on noise.
ov::InferRequest make_request(ov::CompiledModel& compiled) {
  ov::InferRequest request = compiled.create_infer_request();
  ov::Tensor input = request.get_input_tensor(0);
  auto* values = input.data<float>();
  std::mt19937 engine(0);
  std::normal_distribution<float> normal;
  for (std::size_t i = 0; i < input.get_size(); ++i) values[i] = normal(engine);
  request.infer();
  return request;
}

gcv::Detector open(const Job& job, gcv::Hint hint) {
  gcv::Options options;
  options.hint = hint;
  options.threads = std::stoi(job.threads);
  gcv::Detector detector(job.model, options);
  detector.set_confidence(job.confidence);
  detector.warmup(3);
  return detector;
}

void measure_latency(const Job& job) {
  const Frame1080 frame(job.frame);
  const gcv::Detector detector = open(job, gcv::Hint::latency);
  ov::CompiledModel compiled = compile(job, "LATENCY");
  ov::InferRequest request = make_request(compiled);
  detector.run(frame.view);
  for (int i = 0; i < static_cast<int>(job.amount); ++i) {
    const auto first = Clock::now();
    request.infer();
    const double bare = seconds_since(first);
    const auto second = Clock::now();
    const gcv::Result found = detector.run(frame.view);
    const double whole = seconds_since(second);
    std::printf("%.6f %.6f %.6f %.6f %.6f %zu\n", 1e3 * bare, 1e3 * whole, found.speed.preprocess_ms,
                found.speed.inference_ms, found.speed.postprocess_ms, found.size());
  }
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

double infer_rate(ov::InferRequest& request, double seconds) {
  long done = 0;
  const auto start = Clock::now();
  for (; seconds_since(start) < seconds; ++done) request.infer();
  return static_cast<double>(done) / seconds_since(start);
}

void measure_stream(const Job& job) {
  const Frame1080 picture(job.frame);
  const gcv::Detector detector = open(job, gcv::Hint::latency);
  ov::CompiledModel compiled = compile(job, "LATENCY");
  ov::InferRequest request = make_request(compiled);
  for (int round = 0; round < kRounds; ++round) {
    const double bare = infer_rate(request, job.amount);
    std::printf("%.6f %.6f\n", 1e3 / bare, 1e3 / stream_rate(detector, picture, job.amount));
  }
}

/// Frames per second of requests that start again when they are done, as OpenVINO's benchmark_app runs them.
double bare_rate(const Job& job) {
  ov::CompiledModel compiled = compile(job, "THROUGHPUT");
  std::vector<ov::InferRequest> requests(compiled.get_property(ov::optimal_number_of_infer_requests));
  std::atomic<bool> is_over{false};
  std::atomic<long> done{0};
  for (ov::InferRequest& request : requests) {
    request = make_request(compiled);
    request.set_callback([&](std::exception_ptr error) {
      if (error || is_over) return;
      ++done;
      request.start_async();
    });
  }
  const auto start = Clock::now();
  for (ov::InferRequest& request : requests) request.start_async();
  while (seconds_since(start) < job.amount) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double rate = static_cast<double>(done) / seconds_since(start);
  is_over = true;
  for (ov::InferRequest& request : requests) request.wait();
  return rate;
}

void measure_throughput(const Job& job) {
  const Frame1080 picture(job.frame);
  const double bare = bare_rate(job);
  const gcv::Detector detector = open(job, gcv::Hint::throughput);
  std::printf("%.4f %.4f %d\n", bare, stream_rate(detector, picture, job.amount), detector.streams());
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) return 2;
  try {
    const std::string manner = words[3];
    const Job job{words[1], words[2], std::atof(words[4]), words[5], static_cast<float>(std::atof(words[6]))};
    if (manner == "latency") {
      measure_latency(job);
    } else if (manner == "stream") {
      measure_stream(job);
    } else {
      measure_throughput(job);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
