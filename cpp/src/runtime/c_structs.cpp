#include "c_structs.h"

#include <new>

namespace gcv {
namespace {

std::string& error_text() {
  thread_local std::string text;
  return text;
}

gcv_edge_status fail(gcv_edge_status status, const char* text) noexcept {
  try {
    error_text() = text;
  } catch (...) {
    return GCV_EDGE_NO_MEMORY;
  }
  return status;
}

/// Element of an array of structs whose size the caller's version says.
template <typename T>
T element(const T* first, std::size_t index, const char* name) {
  const std::size_t size = read_struct<T>(first, name).size;
  return read_struct<T>(reinterpret_cast<const char*>(first) + index * size, name);
}

Tensor to_tensor(const gcv_edge_array& array, const char* name) {
  check_pointer(array.data, name);
  if (array.type != GCV_EDGE_FLOAT32 || array.rank < 0 || array.rank > GCV_EDGE_MAX_RANK) {
    throw ArgumentError(std::string(name) + ": found type " + std::to_string(array.type) + " of rank " +
                        std::to_string(array.rank) + ", expected GCV_EDGE_FLOAT32 of rank 0 to 8");
  }
  Tensor tensor;
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

std::string text_or(const char* text, const char* otherwise) { return text == nullptr ? otherwise : text; }

}  // namespace

const char* last_error() noexcept { return error_text().c_str(); }

gcv_edge_status keep_error() noexcept {
  try {
    throw;
  } catch (const ArgumentError& error) {
    return fail(GCV_EDGE_BAD_ARGUMENT, error.what());
  } catch (const MetadataError& error) {
    return fail(GCV_EDGE_BAD_METADATA, error.what());
  } catch (const FormatError& error) {
    return fail(GCV_EDGE_BAD_FILE, error.what());
  } catch (const NotFoundError& error) {
    return fail(GCV_EDGE_NOT_FOUND, error.what());
  } catch (const UnsupportedError& error) {
    return fail(GCV_EDGE_UNSUPPORTED, error.what());
  } catch (const EngineError& error) {
    return fail(GCV_EDGE_ENGINE_FAILED, error.what());
  } catch (const MemoryError& error) {
    return fail(GCV_EDGE_NO_MEMORY, error.what());
  } catch (const ForkError& error) {
    return fail(GCV_EDGE_FORKED, error.what());
  } catch (const std::bad_alloc&) {
    return fail(GCV_EDGE_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return fail(GCV_EDGE_FAILED, error.what());
  } catch (...) {
    return fail(GCV_EDGE_FAILED, "unknown error");
  }
}

void check_count(std::size_t count, std::size_t most) {
  if (count <= most) return;
  throw ArgumentError("count: found " + std::to_string(count) + ", expected at most " + std::to_string(most));
}

const AnyNetwork& network_of(const gcv_edge_network* network) {
  check_pointer(network, "network");
  return *network->any;
}

const AnyResult& result_of(const gcv_edge_result* result) {
  check_pointer(result, "result");
  return *result->any;
}

/// The core checks numbers, strides and planes.
ImageView to_view(const gcv_edge_image& image) {
  return {image.pixels,
          image.width,
          image.height,
          image.stride,
          static_cast<PixelFormat>(image.format),
          {{{image.chroma[0], image.chroma_strides[0]}, {image.chroma[1], image.chroma_strides[1]}}},
          static_cast<YuvMatrix>(image.matrix),
          static_cast<YuvRange>(image.range)};
}

gcv_edge_image to_image(const ImageView& view) {
  gcv_edge_image image{};
  image.size = sizeof image;
  image.pixels = view.data;
  image.width = view.width;
  image.height = view.height;
  image.stride = view.stride;
  image.format = static_cast<std::int32_t>(view.format);
  for (std::size_t i = 0; i < view.chroma.size(); ++i) {
    image.chroma[i] = view.chroma[i].data;
    image.chroma_strides[i] = view.chroma[i].stride;
  }
  image.matrix = static_cast<std::int32_t>(view.matrix);
  image.range = static_cast<std::int32_t>(view.range);
  return image;
}

std::vector<ImageView> to_views(const gcv_edge_image* frames, std::size_t count, std::size_t most) {
  check_count(count, most);
  std::vector<ImageView> views;
  views.reserve(count);
  for (std::size_t i = 0; i < count; ++i) views.push_back(to_view(element(frames, i, "gcv_edge_image")));
  return views;
}

std::map<std::string, Tensor> to_tensors(const char* const* names, const gcv_edge_array* arrays, std::size_t count) {
  if (count > 0) check_pointer(names, "names");
  std::map<std::string, Tensor> tensors;
  for (std::size_t i = 0; i < count; ++i) {
    check_pointer(names[i], "names");
    tensors[names[i]] = to_tensor(element(arrays, i, "gcv_edge_array"), names[i]);
  }
  return tensors;
}

Options to_options(const gcv_edge_options& given) {
  Options options;
  options.precision = static_cast<Precision>(given.precision);  // opening checks them all
  options.hint = static_cast<Hint>(given.hint);
  options.threads = given.threads;
  options.streams = given.streams;
  options.device = text_or(given.device, "CPU");
  options.cache_dir = text_or(given.cache_dir, "");
  options.requests = given.requests;
  options.engine = text_or(given.engine, "");
  if (given.log != nullptr) {
    options.log = [log = given.log, user = given.log_user](const std::string& line) { log(user, line.c_str()); };
  }
  return options;
}

}  // namespace gcv
