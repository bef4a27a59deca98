#pragma once

#include <cstddef>
#include <cstdint>

// Registers as the compiler's vectors: + - * >> > ?: work on them as on numbers.
namespace gcv::GCV_TARGET {

#ifdef __AVX512BW__
inline constexpr std::size_t kRegisterBytes = 64;
#elif defined(__AVX2__)
inline constexpr std::size_t kRegisterBytes = 32;
#else
inline constexpr std::size_t kRegisterBytes = 16;
#endif

using Floats [[gnu::vector_size(kRegisterBytes)]] = float;
using Ints [[gnu::vector_size(kRegisterBytes)]] = std::int32_t;
using Shorts [[gnu::vector_size(kRegisterBytes)]] = std::int16_t;
using Bytes [[gnu::vector_size(kRegisterBytes)]] = std::uint8_t;

/// Numbers per register.
inline constexpr std::size_t kLanes = kRegisterBytes / 4;

/// A number in every lane; less zero, even -0 stays what it is.
inline Floats splat(float number) { return number - Floats{}; }

/// The same bits as another type.
template <typename To, typename From>
To as(From bits) {
  return reinterpret_cast<To>(bits);
}

template <typename Register>
Register load(const void* from) {
  Register loaded;
  __builtin_memcpy(&loaded, from, sizeof loaded);
  return loaded;
}

/// load() for what is used twice: GCC would read it again, which costs where it lies across two cache lines.
template <typename Register>
Register load_once(const void* from) {
  Register loaded;
  __builtin_memcpy(&loaded, from, sizeof loaded);
#ifdef __x86_64__
  asm("" : "+v"(loaded));
#endif
  return loaded;
}

template <typename Register>
void store(Register stored, void* to) {
  __builtin_memcpy(to, &stored, sizeof stored);
}

/// Bytes as 16-bit numbers, as many as a register holds.
inline Shorts widen(const std::uint8_t* bytes) {
  using Half [[gnu::vector_size(kRegisterBytes / 2)]] = std::uint8_t;
  return __builtin_convertvector(load<Half>(bytes), Shorts);
}

/// Numbers of a row and their right neighbours.
struct Neighbours {
  Floats left, right;
};

}  // namespace gcv::GCV_TARGET
