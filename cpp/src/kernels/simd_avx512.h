#pragma once

#include <immintrin.h>

#include "plain_kernels.h"
#include "registers.h"

// AVX-512 for vector_kernels.h: simd_avx2.h says what is what.
namespace gcv::GCV_TARGET {

template <>
inline Floats larger(Floats a, Floats b) {
  return _mm512_max_ps(a, b);
}
template <>
inline Floats smaller(Floats a, Floats b) {
  return _mm512_min_ps(a, b);
}

template <typename Register>
__m512i bits(Register numbers) {
  return reinterpret_cast<__m512i>(numbers);
}

template <>
inline Shorts larger(Shorts a, Shorts b) {
  return as<Shorts>(_mm512_max_epi16(bits(a), bits(b)));
}
template <>
inline Shorts smaller(Shorts a, Shorts b) {
  return as<Shorts>(_mm512_min_epi16(bits(a), bits(b)));
}

inline Ints repeat(int a, int b, int c, int d) { return as<Ints>(_mm512_broadcast_i32x4(_mm_setr_epi32(a, b, c, d))); }

template <typename At>
Bytes load_quads(const At& at) {
  const auto quad = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at(i))); };
  const __m512i half = _mm512_inserti32x4(_mm512_castsi128_si512(quad(0)), quad(1), 1);
  return as<Bytes>(_mm512_inserti32x4(_mm512_inserti32x4(half, quad(2), 2), quad(3), 3));
}

inline Bytes shuffle(Bytes bytes, Bytes order) { return as<Bytes>(_mm512_shuffle_epi8(bits(bytes), bits(order))); }
inline Ints multiply_add(Shorts a, Shorts b) { return as<Ints>(_mm512_madd_epi16(bits(a), bits(b))); }
inline Shorts multiply_high(Shorts a, Shorts b) { return as<Shorts>(_mm512_mulhi_epi16(bits(a), bits(b))); }

template <>
inline Shorts multiply_round(Shorts a, Shorts b) {
  return as<Shorts>(_mm512_mulhrs_epi16(bits(a), bits(b)));
}
template <>
inline Shorts add_saturated(Shorts a, Shorts b) {
  return as<Shorts>(_mm512_adds_epi16(bits(a), bits(b)));
}
template <>
inline Shorts weigh_over(Shorts luma, Shorts floor, Shorts weight) {
  return as<Shorts>(_mm512_mulhi_epu16(_mm512_subs_epu16(bits(luma), bits(floor)), bits(weight)));
}

inline Bytes gather_words(const std::uint8_t* row, const std::int32_t* offsets) {
  return as<Bytes>(_mm512_i32gather_epi32(bits(load<Ints>(offsets)), row, 1));
}

inline void store_zipped(Ints first, Ints second, void* out) {
  const Ints low{0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23};
  store(_mm512_permutex2var_epi32(bits(first), bits(low), bits(second)), out);
  store(_mm512_permutex2var_epi32(bits(first), bits(low + 8), bits(second)),
        static_cast<std::uint8_t*>(out) + kRegisterBytes);
}

inline __m512i order_packed(__m512i packed) {
  return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
}
inline Shorts pack(Ints a, Ints b) { return as<Shorts>(order_packed(_mm512_packs_epi32(bits(a), bits(b)))); }
inline Bytes pack(Shorts a, Shorts b) { return as<Bytes>(order_packed(_mm512_packus_epi16(bits(a), bits(b)))); }

inline void store_quads(Bytes quads, std::uint8_t* const planes[3], std::size_t i) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i ordered = _mm512_permutexvar_epi32(order, bits(quads));
  _mm_storeu_epi8(planes[0] + i, _mm512_castsi512_si128(ordered));
  _mm_storeu_epi8(planes[1] + i, _mm512_extracti32x4_epi32(ordered, 1));
  _mm_storeu_epi8(planes[2] + i, _mm512_extracti32x4_epi32(ordered, 2));
}

inline void store_triples(Bytes quads, std::uint8_t* out) {
  const __m512i order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
  _mm512_mask_storeu_epi32(out, 0x0fff, _mm512_permutexvar_epi32(order, bits(quads)));
}

inline constexpr std::size_t kNarrowed = 1;
inline void store_bytes(const Ints numbers[kNarrowed], std::uint8_t* out) {
  _mm_storeu_epi8(out, _mm512_cvtepi32_epi8(bits(numbers[0])));
}

inline void store_covered(const Floats numbers[kNarrowed], std::uint8_t* out) {
  _mm_storeu_epi8(out, _mm_maskz_set1_epi8(_mm512_cmp_ps_mask(numbers[0], splat(kCovered), _CMP_GE_OQ), 1));
}

inline Ints round(Floats values) { return as<Ints>(_mm512_cvtps_epi32(values)); }

inline __mmask16 over(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }

/// From two registers where the numbers lie close, else gathered.
inline Neighbours load_neighbours(const float* row, const std::int32_t* left) {
  const Ints index = load<Ints>(left);
  if (left[kLanes - 1] - left[0] >= static_cast<int>(2 * kLanes)) {
    return {_mm512_i32gather_ps(bits(index), row, 4), _mm512_i32gather_ps(bits(index), row + 1, 4)};
  }
  const __m512i near = bits(index - left[0]);
  const auto pick = [&](const float* from) {
    return _mm512_permutex2var_ps(_mm512_loadu_ps(from), near, _mm512_loadu_ps(from + kLanes));
  };
  return {pick(row + left[0]), pick(row + left[0] + 1)};
}

inline constexpr std::size_t kScan = 16;
inline std::size_t scan_over(std::size_t first, const float* scores, float threshold, std::uint32_t* found,
                             std::size_t hits) {
  // Read apart: the comparison is slower with memory as its operand.
  const __mmask16 mask = over(load_once<Floats>(scores + first), splat(threshold));
  if (mask == 0) return hits;
  const Ints lane{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const __m512i positions = bits(lane + static_cast<int>(first));
  _mm512_storeu_si512(found + hits, _mm512_maskz_compress_epi32(mask, positions));
  return hits + static_cast<std::size_t>(__builtin_popcount(mask));
}

}  // namespace gcv::GCV_TARGET

#include "simd_x86.h"
