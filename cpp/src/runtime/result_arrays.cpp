#include "result_arrays.h"

#include "gcv_edge.h"

namespace gcv {
namespace {

std::int64_t length(std::size_t count) { return static_cast<std::int64_t>(count); }

const void* data_of(const Tensor& tensor) {
  if (tensor.type == "float32") return tensor.values.data();
  return tensor.bytes.data();
}

int type_of(const Tensor& tensor) {
  if (tensor.type == "float32") return GCV_EDGE_FLOAT32;
  if (tensor.type == "uint8") return GCV_EDGE_UINT8;
  return tensor.type == "int32" ? GCV_EDGE_INT32 : GCV_EDGE_OTHER;
}

}  // namespace

void list_arrays(const Detections& result, std::vector<float>& /*computed*/, ArrayList& list) {
  const std::int64_t count = length(result.size());
  list.add("boxes", GCV_EDGE_FLOAT32, {count, 4}, result.boxes.data());
  list.add("scores", GCV_EDGE_FLOAT32, {count}, result.scores.data());
  list.add("class_ids", GCV_EDGE_INT32, {count}, result.class_ids.data());
}

void list_arrays(const InstanceMasks& result, std::vector<float>& computed, ArrayList& list) {
  const std::int64_t count = length(result.size());
  list.add("masks", GCV_EDGE_FLOAT32, {count, result.mask_size.height, result.mask_size.width}, result.masks.data());
  list.add("extents", GCV_EDGE_FLOAT32, {count, 4}, result.extents.data());
  list_arrays(static_cast<const Detections&>(result), computed, list);
}

void list_arrays(const Classification& result, std::vector<float>& computed, ArrayList& list) {
  computed = result.probabilities();
  const std::int64_t count = length(result.size());
  list.add("probabilities", GCV_EDGE_FLOAT32, {count}, computed.data());
  list.add("logits", GCV_EDGE_FLOAT32, {count}, result.logits.data());
}

void list_arrays(const Segmentation& result, std::vector<float>& /*computed*/, ArrayList& list) {
  const bool is_wide = !result.wide_map.empty();
  const void* ids = is_wide ? static_cast<const void*>(result.wide_map.data()) : result.class_map.data();
  list.add("class_map", is_wide ? GCV_EDGE_INT32 : GCV_EDGE_UINT8, {result.size.height, result.size.width}, ids);
}

void list_arrays(const Poses& result, std::vector<float>& /*computed*/, ArrayList& list) {
  const std::int64_t people = length(result.size()), joints = length(result.joints);
  list.add("keypoints", GCV_EDGE_FLOAT32, {people, joints, 2}, result.keypoints.data());
  list.add("scores", GCV_EDGE_FLOAT32, {people, joints}, result.scores.data());
  list.add("boxes", GCV_EDGE_FLOAT32, {people, 4}, result.boxes.data());
}

void list_arrays(const DepthMap& result, std::vector<float>& computed, ArrayList& list) {
  computed = result.depth();
  list.add("depth", GCV_EDGE_FLOAT32, {result.size.height, result.size.width}, computed.data());
  list.add("disparity", GCV_EDGE_FLOAT32, {result.size.height, result.size.width}, result.disparity.data());
}

void list_arrays(const Embedding& result, std::vector<float>& /*computed*/, ArrayList& list) {
  list.add("vector", GCV_EDGE_FLOAT32, {length(result.vector.size())}, result.vector.data());
}

void list_arrays(const Regression& result, std::vector<float>& /*computed*/, ArrayList& list) {
  list.add("values", GCV_EDGE_FLOAT32, {length(result.size())}, result.values.data());
}

void list_arrays(const Picture& result, std::vector<float>& /*computed*/, ArrayList& list) {
  list.add("pixels", GCV_EDGE_UINT8, {result.size.height, result.size.width, channel_count(result.format)},
           result.pixels.data());
}

void list_arrays(const Tensors& result, std::vector<float>& /*computed*/, ArrayList& list) {
  for (const auto& [name, tensor] : result) list.add(name.c_str(), type_of(tensor), tensor.shape, data_of(tensor));
}

}  // namespace gcv
