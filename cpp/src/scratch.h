#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

namespace gcv {

/// Memory for what a frame's work needs on the way. A thread keeps what it gives back, within limits, for its next
/// frame. Throws std::bad_alloc.
void* take_scratch(std::size_t bytes);

/// Null is nothing.
void give_back_scratch(void* block, std::size_t bytes) noexcept;

/// Take more for what is in a block, which is given back.
void* grow_scratch(void* block, std::size_t used, std::size_t bytes, std::size_t wanted);

/// Numbers in scratch memory, with the members of std::vector; its code is smaller than that of a vector with an
/// allocator of its own.
template <typename T>
class Scratch {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  using value_type = T;

  Scratch() = default;
  explicit Scratch(std::size_t count) { resize(count); }
  Scratch(std::size_t count, T value) { assign(count, value); }
  Scratch(const Scratch& other) { append(other); }
  Scratch(Scratch&& other) noexcept { swap(other); }
  Scratch& operator=(Scratch other) noexcept {
    swap(other);
    return *this;
  }
  ~Scratch() { give_back_scratch(static_cast<void*>(first_), room_ * sizeof(T)); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return first_; }
  const T* data() const { return first_; }
  T* begin() { return first_; }
  const T* begin() const { return first_; }
  T* end() { return first_ + size_; }
  const T* end() const { return first_ + size_; }
  T& operator[](std::size_t index) { return first_[index]; }
  const T& operator[](std::size_t index) const { return first_[index]; }
  T& front() { return first_[0]; }
  const T& front() const { return first_[0]; }
  T& back() { return first_[size_ - 1]; }
  const T& back() const { return first_[size_ - 1]; }

  void reserve(std::size_t count) {
    if (count <= room_) return;
    first_ = static_cast<T*>(
        grow_scratch(static_cast<void*>(first_), size_ * sizeof(T), room_ * sizeof(T), count * sizeof(T)));
    room_ = count;
  }

  /// New numbers are 0.
  void resize(std::size_t count) {
    reserve(count);
    if (count > size_) std::memset(static_cast<void*>(first_ + size_), 0, (count - size_) * sizeof(T));
    size_ = count;
  }

  void resize(std::size_t count, T value) {
    reserve(count);
    if (count > size_) std::fill(first_ + size_, first_ + count, value);
    size_ = count;
  }

  void assign(std::size_t count, T value) {
    reserve(count);
    std::fill_n(first_, count, value);
    size_ = count;
  }

  void push_back(T value) {
    if (size_ == room_) reserve(std::max(std::size_t{16}, 2 * size_));
    first_[size_++] = value;
  }

  void append(const Scratch& others) {
    reserve(size_ + others.size_);
    std::copy_n(others.first_, others.size_, first_ + size_);
    size_ += others.size_;
  }

  void swap(Scratch& other) noexcept {
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
  }

 private:
  T* first_ = nullptr;
  std::size_t size_ = 0, room_ = 0;
};

/// Makes a vector of what has scratch memory itself take it too.
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
using ScratchObjects = std::vector<T, ScratchAllocator<T>>;

}  // namespace gcv
