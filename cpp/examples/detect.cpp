// Finds objects in pictures, folders and videos: a line of JSON per frame, and copies with boxes.

#include <cstdio>
#include <exception>

#include "arguments.h"
#include "drawing.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/error.h"
#include "json.h"
#include "sources.h"

namespace {

constexpr const char* kUsage =
    "usage: detect MODEL INPUT... [--confidence 0.01] [--save FOLDER] [--threshold 0.5]\n"
    "              [--engine openvino|onnxruntime] [--precision f32|bf16|auto]\n"
    "              [--threads N] [--streams N] [--hint latency|throughput]\n"
    "INPUT: %s\n";

void run(const Arguments& arguments) {
  gcv::Detector detector(arguments.words()[0], arguments.engine());
  if (arguments.has("--confidence")) detector.set_confidence(static_cast<float>(arguments.number("--confidence", 0)));
  const std::string folder = arguments.text("--save", "");
  const auto threshold = static_cast<float>(arguments.number("--threshold", 0.5));
  detector.warmup();
  const std::vector<std::string> inputs(arguments.words().begin() + 1, arguments.words().end());
  detector.stream(open_source(inputs), [&](const gcv::Frame& frame, gcv::Detections&& found) {
    std::puts(to_json(frame, found).c_str());
    if (!folder.empty()) save_picture(folder, frame, draw(frame, found, threshold).image);
  });
}

}  // namespace

int main(int count, char** words) {
  try {
    const Arguments arguments(count, words, {"--confidence", "--save", "--threshold"});
    if (arguments.words().size() < 2) {
      std::fprintf(stderr, kUsage, describe_inputs());
      return 2;
    }
    run(arguments);
    return 0;
  } catch (const gcv::ArgumentError& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
