#pragma once

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

// Replaces operator new of the program that includes it, in one of its files, and counts who asks for memory.

struct AllocationCounts {
  std::atomic<bool> is_counting{false};
  std::atomic<long> own{0}, engines{0};
};

inline AllocationCounts allocation_counts;

/// Who asks for memory is told by the library that the call comes from.
inline void count_allocation(const void* caller) {
  Dl_info library{};
  const bool is_known = dladdr(caller, &library) != 0 && library.dli_fname != nullptr;
  const bool is_engine = is_known && (std::strstr(library.dli_fname, "libopenvino") != nullptr ||
                                      std::strstr(library.dli_fname, "libtbb") != nullptr);
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
