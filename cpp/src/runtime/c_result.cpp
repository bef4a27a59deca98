#include "c_structs.h"

// Results.
namespace {

using namespace gcv;

const InstanceMasks& masks_of(const gcv_edge_result* result, std::size_t index) {
  const InstanceMasks* masks = result_of(result).masks();
  if (masks == nullptr)
    throw UnsupportedError("result: found one without masks, expected one of instance segmentation");
  if (index < masks->size()) return *masks;
  throw ArgumentError("index: found " + std::to_string(index) + ", expected one below " +
                      std::to_string(masks->size()));
}

const Embedding& embedding_of(const gcv_edge_result* result) {
  const Embedding* embedding = result_of(result).embedding();
  if (embedding == nullptr) throw UnsupportedError("result: found no embedding, expected one of an embedding network");
  return *embedding;
}

Rect region_of(const InstanceMasks& masks, std::size_t index) {
  return mask_region(masks.mask_size, masks.extents[index], masks.frame_size);
}

}  // namespace

gcv_edge_status gcv_edge_get(const gcv_edge_result* result, const char* name, gcv_edge_array* array) {
  return guard([&] {
    const AnyResult& any = result_of(result);
    check_pointer(name, "name");
    std::string names;
    for (const NamedArray& own : any.arrays()) {
      names += (names.empty() ? "" : ", ") + own.name;
      if (own.name != name) continue;
      gcv_edge_array found{0, own.type, static_cast<int32_t>(own.shape.size()), {}, own.data};
      if (own.shape.size() > GCV_EDGE_MAX_RANK) throw ArgumentError(own.name + ": found over 8 axes");
      std::copy(own.shape.begin(), own.shape.end(), found.shape);
      write_struct(found, array, "gcv_edge_array");
      return;
    }
    throw ArgumentError("name: found '" + std::string(name) + "', expected one of " + names);
  });
}

const char* gcv_edge_array_name(const gcv_edge_result* result, size_t index) {
  if (result == nullptr || index >= result->any->arrays().size()) return nullptr;
  return result->any->arrays()[index].name.c_str();
}

gcv_edge_status gcv_edge_get_speed(const gcv_edge_result* result, gcv_edge_speed* speed) {
  return guard([&] {
    const Speed own = result_of(result).speed();
    write_struct(gcv_edge_speed{0, own.preprocess_ms, own.inference_ms, own.postprocess_ms}, speed, "gcv_edge_speed");
  });
}

gcv_edge_status gcv_edge_mask_region(const gcv_edge_result* result, size_t index, int32_t region[4]) {
  return guard([&] {
    const Rect own = region_of(masks_of(result, index), index);
    check_pointer(region, "region");
    const std::int32_t numbers[4] = {own.x, own.y, own.width, own.height};
    std::copy_n(numbers, 4, region);
  });
}

gcv_edge_status gcv_edge_mask_pixels(const gcv_edge_result* result, size_t index, uint8_t* pixels, size_t room) {
  return guard([&] {
    const InstanceMasks& masks = masks_of(result, index);
    const Rect region = region_of(masks, index);
    const std::size_t count = static_cast<std::size_t>(region.width) * static_cast<std::size_t>(region.height);
    if (room < count) {
      throw ArgumentError("room: found " + std::to_string(room) + ", expected at least " + std::to_string(count));
    }
    if (count == 0) return;
    check_pointer(pixels, "pixels");
    paste_mask(masks.mask(index), masks.mask_size, masks.extents[index], region, pixels, region.width);
  });
}

gcv_edge_status gcv_edge_similarity(const gcv_edge_result* one, const gcv_edge_result* other, float* similarity) {
  return guard([&] {
    check_pointer(similarity, "similarity");
    *similarity = embedding_of(one).similarity(embedding_of(other));
  });
}

void gcv_edge_release(gcv_edge_result* result) { delete result; }
