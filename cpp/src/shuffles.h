#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels.h"

// Byte orders shared by the x86 kernels. 0x80 makes pshufb write a zero.
namespace gcv {

/// One pixel and its right neighbour to 16-bit pairs: left and right of channel 0, of 1, of 2, then zeros.
inline __m128i pair_shuffle(const PixelLayout& layout) {
  alignas(16) std::uint8_t bytes[16];
  for (int c = 0; c < 4; ++c) {
    const int byte = c < 3 ? layout.order[c] : 0;
    bytes[4 * c] = static_cast<std::uint8_t>(c < 3 ? byte : 0x80);
    bytes[4 * c + 1] = 0x80;
    bytes[4 * c + 2] = static_cast<std::uint8_t>(c < 3 ? byte + layout.step : 0x80);
    bytes[4 * c + 3] = 0x80;
  }
  return _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// Four pixels to four bytes of channel 0, four of 1, four of 2, then zeros.
inline __m128i plane_shuffle(const PixelLayout& layout) {
  alignas(16) std::uint8_t bytes[16];
  for (int c = 0; c < 4; ++c) {
    for (int i = 0; i < 4; ++i) {
      bytes[4 * c + i] = static_cast<std::uint8_t>(c < 3 ? i * layout.step + layout.order[c] : 0x80);
    }
  }
  return _mm_load_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// Layout of blended columns: three channels and a filler.
inline constexpr PixelLayout kBlendedLayout{4, {0, 1, 2}};

}  // namespace gcv
