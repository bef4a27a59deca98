#include <functional>
#include <string>

#include "../check.h"
#include "gcv_edge/detector.h"
#include "networks.h"

// What the library for ONNX Runtime has, and what it refuses by name.
namespace {

std::function<void()> open_with(const std::function<void(gcv::Options&)>& change) {
  return [change] {
    gcv::Options options;
    change(options);
    gcv::Detector(network("detection"), options);
  };
}

}  // namespace

TEST(onnxruntime, is_the_engine_whether_it_is_named_or_not) {
  gcv::Options named;
  named.engine = "onnxruntime";
  for (const gcv::Options& options : {gcv::Options{}, named}) {
    const gcv::Detector detector(network("detection"), options);
    CHECK(detector.engine().rfind("onnxruntime 1.", 0) == 0);
    CHECK(detector.precision() == "f32");
    CHECK(detector.streams() == 1);
  }
}

TEST(onnxruntime, other_engines) {
  CHECK_ERROR(gcv::UnsupportedError, "engine 'openvino': this library was built without it, it has onnxruntime",
              open_with([](gcv::Options& options) { options.engine = "openvino"; })());
  CHECK_ERROR(gcv::ArgumentError, "engine: found 'tensorrt', expected openvino or onnxruntime",
              open_with([](gcv::Options& options) { options.engine = "tensorrt"; })());
}

TEST(onnxruntime, what_it_does_not_have) {
  CHECK_ERROR(gcv::UnsupportedError, "precision 'bf16' is not supported by onnxruntime: use engine 'openvino'",
              open_with([](gcv::Options& options) { options.precision = gcv::Precision::bf16; })());
  CHECK_ERROR(gcv::ArgumentError, "device 'GPU': found engine 'onnxruntime', expected 'openvino'",
              open_with([](gcv::Options& options) { options.device = "GPU"; })());
  CHECK_ERROR(gcv::ArgumentError, "cache_dir '/tmp': found engine 'onnxruntime', expected 'openvino'",
              open_with([](gcv::Options& options) { options.cache_dir = "/tmp"; })());
}

TEST(onnxruntime, threads_and_streams) {
  std::string told;
  gcv::Options options;
  options.threads = 4;
  options.hint = gcv::Hint::throughput;
  options.log = [&told](const std::string& line) { told = line; };
  CHECK(gcv::Detector(network("detection"), options).streams() == 4);
  options.streams = 2;
  const gcv::Detector detector(network("detection"), options);
  CHECK(detector.streams() == 2);
  CHECK(told.find(" on CPU, f32, 4 threads, 2 side by side") != std::string::npos);
  CHECK(detector.run(Solid(255, 0, 0).view).size() == 2);
}

TEST(onnxruntime, damaged_files) {
  CHECK_ERROR(gcv::FormatError, "broken: ", gcv::Detector(gcv::ModelSource::from_bytes("no model", "broken")));
}
