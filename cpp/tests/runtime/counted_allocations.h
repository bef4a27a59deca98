#pragma once

#include <dlfcn.h>
#include <execinfo.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <new>

// Replaces operator new of the program that includes it, in one of its files, and counts who asks for memory.

struct AllocationCounts {
  std::atomic<bool> is_counting{false};
  std::atomic<long> own{0}, engines{0};
};

inline AllocationCounts allocation_counts;

/// Whether the library that an address is in has one of some names.
inline bool is_in(const void* address, std::initializer_list<const char*> names) {
  Dl_info library{};
  if (dladdr(address, &library) == 0 || library.dli_fname == nullptr) return false;
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return std::strstr(library.dli_fname, name) != nullptr; });
}

/// Who asks for memory is told by the library that the call comes from; the C++ library's own calls are its caller's.
inline void count_allocation(const void* caller) {
  std::array<void*, 32> frames{};
  const auto end = frames.begin() + backtrace(frames.data(), static_cast<int>(frames.size()));
  const auto begin = std::find(frames.begin(), end, caller);
  const auto asking = std::find_if(begin, end, [](const void* frame) { return !is_in(frame, {"libstdc++"}); });
  const bool is_engine = is_in(asking == end ? caller : *asking, {"libopenvino", "libtbb"});
  ++(is_engine ? allocation_counts.engines : allocation_counts.own);
}

inline void* allocate(std::size_t size, const void* caller) {
  if (allocation_counts.is_counting) count_allocation(caller);
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* operator new(std::size_t size) { return allocate(size, __builtin_return_address(0)); }
void* operator new[](std::size_t size) { return allocate(size, __builtin_return_address(0)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
