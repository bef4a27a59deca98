#include "result_arrays.h"

#include <utility>

namespace gcv {
namespace {

std::int64_t length(std::size_t count) { return static_cast<std::int64_t>(count); }

void add_detections(NamedArrays& arrays, Detections&& result) {
  const std::int64_t count = length(result.size());
  arrays.add("boxes", GCV_EDGE_FLOAT32, {count, 4}, std::move(result.boxes));
  arrays.add("scores", GCV_EDGE_FLOAT32, {count}, std::move(result.scores));
  arrays.add("class_ids", GCV_EDGE_INT32, {count}, std::move(result.class_ids));
}

}  // namespace

NamedArrays to_arrays(Detections&& result) {
  NamedArrays arrays(result.speed);
  add_detections(arrays, std::move(result));
  return arrays;
}

NamedArrays to_arrays(InstanceMasks&& result) {
  NamedArrays arrays(result.speed);
  const std::int64_t count = length(result.size());
  arrays.add("masks", GCV_EDGE_FLOAT32, {count, result.mask_size.height, result.mask_size.width},
             std::move(result.masks));
  arrays.add("extents", GCV_EDGE_FLOAT32, {count, 4}, std::move(result.extents));
  add_detections(arrays, std::move(result));
  return arrays;
}

NamedArrays to_arrays(Classification&& result) {
  NamedArrays arrays(result.speed);
  const std::int64_t count = length(result.size());
  arrays.add("probabilities", GCV_EDGE_FLOAT32, {count}, result.probabilities());
  arrays.add("logits", GCV_EDGE_FLOAT32, {count}, std::move(result.logits));
  return arrays;
}

NamedArrays to_arrays(Segmentation&& result) {
  NamedArrays arrays(result.speed);
  const std::vector<std::int64_t> shape{result.size.height, result.size.width};
  if (result.wide_map.empty()) {
    arrays.add("class_map", GCV_EDGE_UINT8, shape, std::move(result.class_map));
  } else {
    arrays.add("class_map", GCV_EDGE_INT32, shape, std::move(result.wide_map));
  }
  return arrays;
}

NamedArrays to_arrays(Poses&& result) {
  NamedArrays arrays(result.speed);
  const std::int64_t people = length(result.size()), joints = length(result.joints);
  arrays.add("keypoints", GCV_EDGE_FLOAT32, {people, joints, 2}, std::move(result.keypoints));
  arrays.add("scores", GCV_EDGE_FLOAT32, {people, joints}, std::move(result.scores));
  arrays.add("boxes", GCV_EDGE_FLOAT32, {people, 4}, std::move(result.boxes));
  return arrays;
}

NamedArrays to_arrays(DepthMap&& result) {
  NamedArrays arrays(result.speed);
  const std::vector<std::int64_t> shape{result.size.height, result.size.width};
  arrays.add("depth", GCV_EDGE_FLOAT32, shape, result.depth());
  arrays.add("disparity", GCV_EDGE_FLOAT32, shape, std::move(result.disparity));
  return arrays;
}

NamedArrays to_arrays(Embedding&& result) {
  NamedArrays arrays(result.speed);
  const std::int64_t count = length(result.vector.size());
  arrays.add("vector", GCV_EDGE_FLOAT32, {count}, std::move(result.vector));
  return arrays;
}

NamedArrays to_arrays(Regression&& result) {
  NamedArrays arrays(result.speed);
  const std::int64_t count = length(result.size());
  arrays.add("values", GCV_EDGE_FLOAT32, {count}, std::move(result.values));
  return arrays;
}

NamedArrays to_arrays(Picture&& result) {
  NamedArrays arrays(result.speed);
  arrays.add("pixels", GCV_EDGE_UINT8, {result.size.height, result.size.width, channel_count(result.format)},
             std::move(result.pixels));
  return arrays;
}

NamedArrays to_arrays(std::map<std::string, Tensor>&& result) {
  NamedArrays arrays;
  for (auto& [name, tensor] : result) {
    if (tensor.type == "float32") {
      arrays.add(name, GCV_EDGE_FLOAT32, tensor.shape, std::move(tensor.values));
    } else {
      const int other = tensor.type == "uint8" ? GCV_EDGE_UINT8 : GCV_EDGE_OTHER;
      arrays.add(name, tensor.type == "int32" ? GCV_EDGE_INT32 : other, tensor.shape, std::move(tensor.bytes));
    }
  }
  return arrays;
}

}  // namespace gcv
