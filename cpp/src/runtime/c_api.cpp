#include <cstring>
#include <new>
#include <string>

#include "any_network.h"
#include "gcv_edge.h"
#include "gcv_edge/error.h"
#include "gcv_edge/version.h"

struct gcv_edge_network {
  std::unique_ptr<gcv::AnyNetwork> any;
};

struct gcv_edge_result {
  gcv::NamedArrays arrays;
};

namespace {

using gcv::ArgumentError;

std::string& last_error() {
  thread_local std::string text;
  return text;
}

gcv_edge_status fail(gcv_edge_status status, const char* text) noexcept {
  try {
    last_error() = text;
  } catch (...) {
    return GCV_EDGE_NO_MEMORY;
  }
  return status;
}

/// Call what may throw; no exception leaves.
template <typename Call>
gcv_edge_status guard(const Call& call) noexcept {
  try {
    call();
    return GCV_EDGE_OK;
  } catch (const ArgumentError& error) {
    return fail(GCV_EDGE_BAD_ARGUMENT, error.what());
  } catch (const gcv::MetadataError& error) {
    return fail(GCV_EDGE_BAD_METADATA, error.what());
  } catch (const gcv::FormatError& error) {
    return fail(GCV_EDGE_BAD_FILE, error.what());
  } catch (const gcv::NotFoundError& error) {
    return fail(GCV_EDGE_NOT_FOUND, error.what());
  } catch (const gcv::UnsupportedError& error) {
    return fail(GCV_EDGE_UNSUPPORTED, error.what());
  } catch (const gcv::EngineError& error) {
    return fail(GCV_EDGE_ENGINE_FAILED, error.what());
  } catch (const std::bad_alloc&) {
    return fail(GCV_EDGE_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return fail(GCV_EDGE_FAILED, error.what());
  } catch (...) {
    return fail(GCV_EDGE_FAILED, "unknown error");
  }
}

template <typename T>
void check_pointer(T* pointer, const char* name) {
  if (pointer == nullptr) throw ArgumentError(std::string(name) + ": found NULL");
}

/// Copy a caller's struct, which an older or newer version may have made; members that it lacks are zero.
template <typename T>
T read_struct(const void* given, const char* name) {
  check_pointer(given, name);
  T copy{};
  std::size_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < sizeof size || size > 4096) {
    throw ArgumentError(std::string(name) + ": found size " + std::to_string(size) + ", expected sizeof(" + name + ")");
  }
  std::memcpy(&copy, given, size < sizeof copy ? size : sizeof copy);
  return copy;
}

/// Write what a caller's struct has room for; its size stays.
template <typename T>
void write_struct(T values, T* out, const char* name) {
  values.size = read_struct<T>(out, name).size;
  std::memcpy(out, &values, values.size < sizeof values ? values.size : sizeof values);
}

/// The core checks numbers, strides and planes.
gcv::ImageView to_view(const gcv_edge_image& image) {
  return {image.pixels,
          image.width,
          image.height,
          image.stride,
          static_cast<gcv::PixelFormat>(image.format),
          {{{image.chroma[0], image.chroma_strides[0]}, {image.chroma[1], image.chroma_strides[1]}}},
          static_cast<gcv::YuvMatrix>(image.matrix),
          static_cast<gcv::YuvRange>(image.range)};
}

/// Element of an array of structs whose size the caller's version says.
template <typename T>
T element(const T* first, std::size_t index, const char* name) {
  const std::size_t size = read_struct<T>(first, name).size;
  return read_struct<T>(reinterpret_cast<const char*>(first) + index * size, name);
}

std::vector<gcv::ImageView> to_views(const gcv_edge_image* frames, std::size_t count) {
  std::vector<gcv::ImageView> views;
  views.reserve(count);
  for (std::size_t i = 0; i < count; ++i) views.push_back(to_view(element(frames, i, "gcv_edge_image")));
  return views;
}

gcv::Options to_options(const gcv_edge_options* given) {
  if (given == nullptr) return {};
  const auto options = read_struct<gcv_edge_options>(given, "gcv_edge_options");
  if (options.precision < 0 || options.precision > GCV_EDGE_AUTOMATIC) {
    throw ArgumentError("precision: found " + std::to_string(options.precision) + ", expected 0 to 2");
  }
  if (options.hint < 0 || options.hint > GCV_EDGE_THROUGHPUT) {
    throw ArgumentError("hint: found " + std::to_string(options.hint) + ", expected 0 or 1");
  }
  return {static_cast<gcv::Precision>(options.precision), static_cast<gcv::Hint>(options.hint), options.threads,
          options.streams};
}

gcv::Tensor to_tensor(const gcv_edge_array& array, const char* name) {
  check_pointer(array.data, name);
  if (array.type != GCV_EDGE_FLOAT32 || array.rank < 0 || array.rank > GCV_EDGE_MAX_RANK) {
    throw ArgumentError(std::string(name) + ": found type " + std::to_string(array.type) + " of rank " +
                        std::to_string(array.rank) + ", expected GCV_EDGE_FLOAT32 of rank 0 to 8");
  }
  gcv::Tensor tensor;
  std::size_t count = 1;
  for (int i = 0; i < array.rank; ++i) {
    if (array.shape[i] < 0 || array.shape[i] > (1 << 30)) throw ArgumentError(std::string(name) + ": impossible shape");
    tensor.shape.push_back(array.shape[i]);
    count *= static_cast<std::size_t>(array.shape[i]);
    if (count > (std::size_t{1} << 34)) throw ArgumentError(std::string(name) + ": impossible shape");
  }
  const auto* values = static_cast<const float*>(array.data);
  tensor.values.assign(values, values + count);
  return tensor;
}

const gcv::AnyNetwork& network_of(const gcv_edge_network* network) {
  check_pointer(network, "network");
  return *network->any;
}

/// Compute one result and hand it to the caller.
template <typename Run>
gcv_edge_status give(const gcv_edge_network* network, gcv_edge_result** result, const Run& run) noexcept {
  return guard([&] {
    check_pointer(result, "result");
    *result = nullptr;
    *result = std::make_unique<gcv_edge_result>(gcv_edge_result{run(network_of(network))}).release();
  });
}

}  // namespace

const char* gcv_edge_version(void) { return gcv::version(); }

const char* gcv_edge_error(void) { return last_error().c_str(); }

gcv_edge_status gcv_edge_create(const char* path, const gcv_edge_options* options, gcv_edge_network** network) {
  return guard([&] {
    check_pointer(network, "network");
    *network = nullptr;
    check_pointer(path, "path");
    *network = new gcv_edge_network{gcv::open_network(path, to_options(options))};
  });
}

void gcv_edge_destroy(gcv_edge_network* network) { delete network; }

const char* gcv_edge_task(const gcv_edge_network* network) {
  return network == nullptr ? nullptr : gcv::task_name(network->any->network().metadata().task);
}

size_t gcv_edge_label_count(const gcv_edge_network* network) {
  return network == nullptr ? 0 : network->any->network().labels().size();
}

const char* gcv_edge_label(const gcv_edge_network* network, size_t id) {
  return id < gcv_edge_label_count(network) ? network->any->network().labels()[id].c_str() : nullptr;
}

gcv_edge_status gcv_edge_set_confidence(gcv_edge_network* network, float confidence) {
  return guard([&] {
    check_pointer(network, "network");
    network->any->set_confidence(confidence);
  });
}

gcv_edge_status gcv_edge_set_nms(gcv_edge_network* network, float iou_threshold, int32_t nms_topk, int32_t post_nms) {
  return guard([&] {
    check_pointer(network, "network");
    network->any->set_nms(iou_threshold, nms_topk, post_nms);
  });
}

gcv_edge_status gcv_edge_run(const gcv_edge_network* network, const gcv_edge_image* frame, gcv_edge_result** result) {
  return give(network, result, [&](const gcv::AnyNetwork& any) {
    return any.run(to_view(read_struct<gcv_edge_image>(frame, "gcv_edge_image")));
  });
}

gcv_edge_status gcv_edge_run_batch(const gcv_edge_network* network, const gcv_edge_image* frames, size_t count,
                                   gcv_edge_result** results) {
  return guard([&] {
    check_pointer(results, "results");
    for (std::size_t i = 0; i < count; ++i) results[i] = nullptr;
    std::vector<std::unique_ptr<gcv_edge_result>> made;
    for (gcv::NamedArrays& arrays : network_of(network).run_batch(to_views(frames, count))) {
      made.push_back(std::make_unique<gcv_edge_result>(gcv_edge_result{std::move(arrays)}));
    }
    for (std::size_t i = 0; i < count; ++i) results[i] = made[i].release();
  });
}

gcv_edge_status gcv_edge_run_boxes(const gcv_edge_network* network, const gcv_edge_image* frame, const float* boxes,
                                   size_t count, gcv_edge_result** result) {
  return give(network, result, [&](const gcv::AnyNetwork& any) {
    if (count > 0) check_pointer(boxes, "boxes");
    std::vector<std::array<float, 4>> rows(count);
    if (count > 0) std::memcpy(rows.data(), boxes, count * sizeof rows[0]);
    return any.run_boxes(to_view(read_struct<gcv_edge_image>(frame, "gcv_edge_image")), rows);
  });
}

gcv_edge_status gcv_edge_run_video(const gcv_edge_network* network, const gcv_edge_image* frames, size_t count,
                                   gcv_edge_result** result) {
  return give(network, result, [&](const gcv::AnyNetwork& any) { return any.run_video(to_views(frames, count)); });
}

gcv_edge_status gcv_edge_run_tensors(const gcv_edge_network* network, const char* const* names,
                                     const gcv_edge_array* arrays, size_t count, gcv_edge_result** result) {
  return give(network, result, [&](const gcv::AnyNetwork& any) {
    check_pointer(names, "names");
    std::map<std::string, gcv::Tensor> inputs;
    for (std::size_t i = 0; i < count; ++i) {
      check_pointer(names[i], "names");
      inputs[names[i]] = to_tensor(element(arrays, i, "gcv_edge_array"), names[i]);
    }
    return any.run_tensors(inputs);
  });
}

gcv_edge_status gcv_edge_get(const gcv_edge_result* result, const char* name, gcv_edge_array* array) {
  return guard([&] {
    check_pointer(result, "result");
    check_pointer(name, "name");
    std::string names;
    for (const gcv::NamedArray& own : result->arrays.arrays()) {
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
  if (result == nullptr || index >= result->arrays.arrays().size()) return nullptr;
  return result->arrays.arrays()[index].name.c_str();
}

gcv_edge_status gcv_edge_get_speed(const gcv_edge_result* result, gcv_edge_speed* speed) {
  return guard([&] {
    check_pointer(result, "result");
    const gcv::Speed& own = result->arrays.speed();
    write_struct(gcv_edge_speed{0, own.preprocess_ms, own.inference_ms, own.postprocess_ms}, speed, "gcv_edge_speed");
  });
}

void gcv_edge_release(gcv_edge_result* result) { delete result; }
