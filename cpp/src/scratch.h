#pragma once

#include <cstddef>
#include <vector>

namespace gcv {

/// Memory for what a frame's work needs on the way. A thread keeps what it gives back, within limits, for its next
/// frame. Throws std::bad_alloc.
void* take_scratch(std::size_t bytes);
void give_back_scratch(void* block, std::size_t bytes) noexcept;

/// Makes containers that live for one frame take scratch memory.
template <typename T>
struct ScratchAllocator {
  using value_type = T;

  ScratchAllocator() = default;
  template <typename Other>
  explicit ScratchAllocator(const ScratchAllocator<Other>& /*other*/) {}

  T* allocate(std::size_t count) { return static_cast<T*>(take_scratch(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept { give_back_scratch(block, count * sizeof(T)); }

  template <typename Other>
  bool operator==(const ScratchAllocator<Other>& /*other*/) const {
    return true;
  }
  template <typename Other>
  bool operator!=(const ScratchAllocator<Other>& /*other*/) const {
    return false;
  }
};

template <typename T>
using Scratch = std::vector<T, ScratchAllocator<T>>;

}  // namespace gcv
