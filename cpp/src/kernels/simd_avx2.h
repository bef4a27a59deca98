#pragma once

#include <immintrin.h>

#include "plain_kernels.h"
#include "registers.h"

// AVX2 for vector_kernels.h. Shuffles and packs work on each 16 bytes of a register, a quad, apart.
namespace gcv::GCV_TARGET {

// GCC makes four instructions of the comparisons.
template <>
inline Floats larger(Floats a, Floats b) {
  return _mm256_max_ps(a, b);
}
template <>
inline Floats smaller(Floats a, Floats b) {
  return _mm256_min_ps(a, b);
}

template <typename Register>
__m256i bits(Register numbers) {
  return reinterpret_cast<__m256i>(numbers);
}

template <>
inline Shorts larger(Shorts a, Shorts b) {
  return as<Shorts>(_mm256_max_epi16(bits(a), bits(b)));
}
template <>
inline Shorts smaller(Shorts a, Shorts b) {
  return as<Shorts>(_mm256_min_epi16(bits(a), bits(b)));
}

/// The same four numbers in every quad.
inline Ints repeat(int a, int b, int c, int d) {
  return as<Ints>(_mm256_broadcastsi128_si256(_mm_setr_epi32(a, b, c, d)));
}

/// A quad from at(0), one from at(1).
template <typename At>
Bytes load_quads(const At& at) {
  const auto quad = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at(i))); };
  return as<Bytes>(_mm256_inserti128_si256(_mm256_castsi128_si256(quad(0)), quad(1), 1));
}

/// Bytes in another order within quads; 0x80 makes a zero.
inline Bytes shuffle(Bytes bytes, Bytes order) { return as<Bytes>(_mm256_shuffle_epi8(bits(bytes), bits(order))); }

/// Sums of two neighbouring products.
inline Ints multiply_add(Shorts a, Shorts b) { return as<Ints>(_mm256_madd_epi16(bits(a), bits(b))); }

template <>
inline Shorts multiply_round(Shorts a, Shorts b) {
  return as<Shorts>(_mm256_mulhrs_epi16(bits(a), bits(b)));
}
template <>
inline Shorts add_saturated(Shorts a, Shorts b) {
  return as<Shorts>(_mm256_adds_epi16(bits(a), bits(b)));
}
template <>
inline Shorts weigh_over(Shorts luma, Shorts floor, Shorts weight) {
  return as<Shorts>(_mm256_mulhi_epu16(_mm256_subs_epu16(bits(luma), bits(floor)), bits(weight)));
}

/// Four bytes from each offset on.
inline Bytes gather_words(const std::uint8_t* row, const std::int32_t* offsets) {
  return as<Bytes>(_mm256_i32gather_epi32(reinterpret_cast<const int*>(row), bits(load<Ints>(offsets)), 1));
}

/// Store numbers of both in turn.
inline void store_zipped(Ints first, Ints second, void* out) {
  const __m256i low = _mm256_unpacklo_epi32(bits(first), bits(second));
  const __m256i high = _mm256_unpackhi_epi32(bits(first), bits(second));
  store(_mm256_permute2x128_si256(low, high, 0x20), out);
  store(_mm256_permute2x128_si256(low, high, 0x31), static_cast<std::uint8_t*>(out) + kRegisterBytes);
}

/// The upper 16 bits of products.
inline Shorts multiply_high(Shorts a, Shorts b) { return as<Shorts>(_mm256_mulhi_epi16(bits(a), bits(b))); }

inline __m256i order_packed(__m256i packed) { return _mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0)); }
inline Shorts pack(Ints a, Ints b) { return as<Shorts>(order_packed(_mm256_packs_epi32(bits(a), bits(b)))); }
inline Bytes pack(Shorts a, Shorts b) { return as<Bytes>(order_packed(_mm256_packus_epi16(bits(a), bits(b)))); }

/// Four bytes from each quad next to each other, then the next four.
inline __m256i transpose(__m256i quads) {
  return _mm256_permutevar8x32_epi32(quads, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/// Store three planes of quads that have four bytes of each.
inline void store_quads(Bytes quads, std::uint8_t* const planes[3], std::size_t i) {
  const __m256i transposed = transpose(bits(quads));
  const __m128i first = _mm256_castsi256_si128(transposed);
  _mm_storeu_si64(planes[0] + i, first);
  _mm_storeu_si64(planes[1] + i, _mm_srli_si128(first, 8));
  _mm_storeu_si64(planes[2] + i, _mm256_extracti128_si256(transposed, 1));
}

/// Store quads without their last four bytes.
inline void store_triples(Bytes quads, std::uint8_t* out) {
  const __m256i order = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
  const __m256i ordered = _mm256_permutevar8x32_epi32(bits(quads), order);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(ordered));
  _mm_storeu_si64(out + 16, _mm256_extracti128_si256(ordered, 1));
}

/// Store kNarrowed registers of numbers from 0 to 255 as bytes.
inline constexpr std::size_t kNarrowed = 4;
inline void store_bytes(const Ints numbers[kNarrowed], std::uint8_t* out) {
  const __m256i low = _mm256_packs_epi32(bits(numbers[0]), bits(numbers[1]));
  const __m256i high = _mm256_packs_epi32(bits(numbers[2]), bits(numbers[3]));
  store(as<Bytes>(transpose(_mm256_packus_epi16(low, high))), out);
}

/// Store 1 where one of kNarrowed registers of numbers is at least kCovered, else 0.
inline void store_covered(const Floats numbers[kNarrowed], std::uint8_t* out) {
  const auto covered = [&](int v) { return bits(numbers[v] >= kCovered); };
  const __m256i low = _mm256_packs_epi32(covered(0), covered(1)), high = _mm256_packs_epi32(covered(2), covered(3));
  store(as<Bytes>(transpose(_mm256_abs_epi8(_mm256_packs_epi16(low, high)))), out);
}

/// Halves to even.
inline Ints round(Floats values) { return as<Ints>(_mm256_cvtps_epi32(values)); }

/// Bit i tells whether a[i] > b[i].
inline unsigned over(Floats a, Floats b) {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ)));
}

inline Neighbours load_neighbours(const float* row, const std::int32_t* left) {
  const __m256i index = bits(load<Ints>(left));
  return {_mm256_i32gather_ps(row, index, 4), _mm256_i32gather_ps(row + 1, index, 4)};
}

/// Append the positions of those of kScan scores that are over a threshold to the `hits` found; returns how many are.
inline constexpr std::size_t kScan = 32;
inline std::size_t scan_over(std::size_t first, const float* scores, float threshold, std::uint32_t* found,
                             std::size_t hits) {
  unsigned mask = 0;
  for (unsigned i = 0; i < kScan; i += kLanes) mask |= over(load<Floats>(scores + first + i), splat(threshold)) << i;
  for (; mask != 0; mask &= mask - 1) found[hits++] = static_cast<std::uint32_t>(first) + __builtin_ctz(mask);
  return hits;
}

}  // namespace gcv::GCV_TARGET

#include "simd_x86.h"
