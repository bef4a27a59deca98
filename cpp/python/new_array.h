#pragma once

#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>

namespace gcv::python {

struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

template <typename T>
using Buffer = std::unique_ptr<T[], Free>;

/// Throws std::bad_alloc, which Python sees as MemoryError, for a product that no memory holds.
inline std::int64_t multiply(std::initializer_list<std::int64_t> sizes) {
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) {
    if (__builtin_mul_overflow(product, std::max<std::int64_t>(size, 0), &product)) throw std::bad_alloc();
  }
  return product;
}

/// Memory for numbers that are all written later.
template <typename T>
Buffer<T> allocate(std::int64_t count) {
  auto* memory =
      static_cast<T*>(std::malloc(static_cast<std::size_t>(std::max<std::int64_t>(multiply({count, sizeof(T)}), 1))));
  if (memory == nullptr) throw std::bad_alloc();
  return Buffer<T>(memory);
}

/// Zeros; the system gives large blocks away unwritten.
template <typename T>
Buffer<T> allocate_zeros(std::int64_t count) {
  auto* memory = static_cast<T*>(std::calloc(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)), sizeof(T)));
  if (memory == nullptr) throw std::bad_alloc();
  return Buffer<T>(memory);
}

/// A new NumPy array that owns its memory.
template <typename T>
nanobind::ndarray<nanobind::numpy, T> own(Buffer<T> values, std::initializer_list<std::size_t> shape) {
  T* data = values.get();
  const nanobind::capsule owner(data, [](void* memory) noexcept { std::free(memory); });
  values.release();
  return nanobind::ndarray<nanobind::numpy, T>(data, shape, owner);
}

}  // namespace gcv::python
