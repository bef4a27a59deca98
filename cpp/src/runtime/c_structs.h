#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "any_network.h"
#include "gcv_edge.h"
#include "gcv_edge/error.h"

// What the functions of gcv_edge.h have in common.

struct gcv_edge_network {
  std::unique_ptr<gcv::AnyNetwork> any;
};

struct gcv_edge_result {
  std::unique_ptr<gcv::AnyResult> any;
};

struct gcv_edge_cancellation {
  gcv::Cancellation own;
};

namespace gcv {

/// What went wrong in this thread's last call that failed.
const char* last_error() noexcept;

/// Keep the text of the exception that is being handled; its status.
gcv_edge_status keep_error() noexcept;

/// Call what may throw; no exception leaves.
template <typename Call>
gcv_edge_status guard(const Call& call) noexcept {
  try {
    call();
    return GCV_EDGE_OK;
  } catch (...) {
    return keep_error();
  }
}

template <typename T>
void check_pointer(T* pointer, const char* name) {
  if (pointer == nullptr) throw ArgumentError(std::string(name) + ": found NULL");
}

/// Throws ArgumentError for more than there can be.
void check_count(std::size_t count, std::size_t most);

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
  std::memcpy(static_cast<void*>(&copy), given, std::min(size, sizeof copy));
  return copy;
}

/// Write what a caller's struct has room for; its size stays.
template <typename T>
void write_struct(T values, T* out, const char* name) {
  values.size = read_struct<T>(out, name).size;
  std::memcpy(static_cast<void*>(out), &values, std::min(values.size, sizeof values));
}

const AnyNetwork& network_of(const gcv_edge_network* network);
const AnyResult& result_of(const gcv_edge_result* result);

Options to_options(const gcv_edge_options& given);
ImageView to_view(const gcv_edge_image& image);
gcv_edge_image to_image(const ImageView& view);
std::vector<ImageView> to_views(const gcv_edge_image* frames, std::size_t count, std::size_t most);
std::map<std::string, Tensor> to_tensors(const char* const* names, const gcv_edge_array* arrays, std::size_t count);

}  // namespace gcv
