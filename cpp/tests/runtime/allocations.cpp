// What run_into() allocates per frame once it has run some frames: nothing of this library's; what the engine allocates
// is counted beside it. allocations MODEL... prints a line each, and fails where there is any of this library's.

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "counted_allocations.h"
#include "gcv_edge/classifier.h"
#include "gcv_edge/depth_estimator.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/embedder.h"
#include "gcv_edge/error.h"
#include "gcv_edge/image_translator.h"
#include "gcv_edge/instance_segmenter.h"
#include "gcv_edge/metadata.h"
#include "gcv_edge/pose_estimator.h"
#include "gcv_edge/regressor.h"
#include "gcv_edge/segmenter.h"

namespace {

constexpr int kWarmups = 20, kFrames = 50;

/// Allocations of this library, and whether there were none.
template <typename T, typename R>
bool measure(const char* path) {
  std::vector<std::uint8_t> pixels(std::size_t{3} * 640 * 480);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
  const gcv::ImageView frame{pixels.data(), 640, 480, std::ptrdiff_t{3} * 640};
  const T network{std::string(path)};
  R result;
  gcv::RawOutputs raw;
  for (int i = 0; i < kWarmups; ++i) network.run_into(frame, result, i % 2 == 0 ? &raw : nullptr);
  auto& [is_counting, own, engines] = allocation_counts;
  own = engines = 0;
  is_counting = true;
  for (int i = 0; i < kFrames; ++i) network.run_into(frame, result, i % 2 == 0 ? &raw : nullptr);
  is_counting = false;
  std::printf("%s: %.2f allocations per frame, %.2f more of the engine\n", path, 1.0 * own / kFrames,
              1.0 * engines / kFrames);
  return own == 0;
}

bool measure_any(const char* path) {
  switch (gcv::parse_metadata(gcv::read_metadata(path), path).task) {
    case gcv::Task::classification:
      return measure<gcv::Classifier, gcv::Classification>(path);
    case gcv::Task::detection:
      return measure<gcv::Detector, gcv::Detections>(path);
    case gcv::Task::segmentation:
      return measure<gcv::Segmenter, gcv::Segmentation>(path);
    case gcv::Task::pose:
      return measure<gcv::PoseEstimator, gcv::Poses>(path);
    case gcv::Task::instance_segmentation:
      return measure<gcv::InstanceSegmenter, gcv::InstanceMasks>(path);
    case gcv::Task::embedding:
      return measure<gcv::Embedder, gcv::Embedding>(path);
    case gcv::Task::regression:
      return measure<gcv::Regressor, gcv::Regression>(path);
    case gcv::Task::depth:
      return measure<gcv::DepthEstimator, gcv::DepthMap>(path);
    case gcv::Task::image_to_image:
      return measure<gcv::ImageTranslator, gcv::Picture>(path);
    default:
      std::printf("%s: there is no run_into() for it\n", path);
      return false;
  }
}

}  // namespace

int main(int count, char** paths) {
  bool is_right = count > 1;
  try {
    for (int i = 1; i < count; ++i) is_right = measure_any(paths[i]) && is_right;
  } catch (const std::exception& error) {
    std::printf("Error: %s\n", error.what());
    return 1;
  }
  return is_right ? 0 : 1;
}
