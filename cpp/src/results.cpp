#include <algorithm>
#include <cmath>
#include <string>

#include "gcv_edge/classification.h"
#include "gcv_edge/depth_map.h"
#include "gcv_edge/detections.h"
#include "gcv_edge/embedding.h"
#include "gcv_edge/error.h"
#include "gcv_edge/instance_masks.h"

namespace gcv {

Detections Detections::over(float threshold) const {
  Detections kept;
  kept.labels = labels;
  kept.speed = speed;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!(scores[i] > threshold)) continue;
    kept.boxes.push_back(boxes[i]);
    kept.scores.push_back(scores[i]);
    kept.class_ids.push_back(class_ids[i]);
  }
  return kept;
}

std::vector<float> Classification::probabilities() const {
  std::vector<float> out(logits);
  const auto count = static_cast<std::int64_t>(out.size());
  if (activation == Activation::softmax) softmax(logits.data(), count, out.data());
  if (activation == Activation::sigmoid) sigmoid(logits.data(), count, out.data());
  return out;
}

std::vector<Prediction> Classification::top(int k) const {
  const std::vector<float> all = probabilities();
  std::vector<Prediction> best;
  for (const std::int32_t id : top_k(logits.data(), static_cast<std::int64_t>(logits.size()), k)) {
    best.push_back({id, labels.name(id), all[static_cast<std::size_t>(id)]});
  }
  return best;
}

MaskCrop InstanceMasks::crop(std::size_t index) const {
  MaskCrop found{mask_region(mask_size, extents[index], frame_size), {}};
  found.pixels.resize(static_cast<std::size_t>(found.region.width) * found.region.height);
  paste_mask(mask(index), mask_size, extents[index], found.region, found.pixels.data(), found.region.width);
  return found;
}

std::vector<float> DepthMap::depth() const {
  const double low = 1 / settings.farthest, high = 1 / settings.nearest;
  const auto span = static_cast<float>(high - low), first = static_cast<float>(low);
  const auto scale = static_cast<float>(is_metric() ? settings.scale : 1);
  std::vector<float> out(disparity.size());
  std::transform(disparity.begin(), disparity.end(), out.begin(), [&](float value) {
    const float inverse = std::clamp(value, 0.0f, 1.0f) * span;
    return scale / (inverse + first);
  });
  return out;
}

std::vector<float> Embedding::direction() const {
  double sum = 0;
  for (const float value : vector) sum += static_cast<double>(value) * value;
  std::vector<float> out(vector);
  if (sum > 0) {
    const double length = std::sqrt(sum);
    for (float& value : out) value = static_cast<float>(value / length);
  }
  return out;
}

float Embedding::similarity(const Embedding& other) const {
  if (vector.size() != other.vector.size()) {
    throw ArgumentError("other: found " + std::to_string(other.vector.size()) + " numbers, expected " +
                        std::to_string(vector.size()));
  }
  const std::vector<float> a = direction(), b = other.direction();
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(std::clamp(sum, -1.0, 1.0));
}

}  // namespace gcv
