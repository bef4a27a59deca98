#include <immintrin.h>

#include <algorithm>

#include "kernels.h"
#include "scalar_ops.h"
#include "shuffles.h"

#define GCV_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

namespace gcv {
namespace {

constexpr std::size_t kLanes = 16;

GCV_AVX512 inline __m128i load16(const void* bytes) { return _mm_loadu_si128(static_cast<const __m128i*>(bytes)); }
GCV_AVX512 inline __m512i load64(const void* bytes) { return _mm512_loadu_si512(bytes); }

GCV_AVX512 inline __m512i load_four(const void* a, const void* b, const void* c, const void* d) {
  const __m512i first = _mm512_inserti32x4(_mm512_castsi128_si512(load16(a)), load16(b), 1);
  return _mm512_inserti32x4(_mm512_inserti32x4(first, load16(c), 2), load16(d), 3);
}

/// Put the 64-bit parts back in order after a pack of two registers.
GCV_AVX512 inline __m512i order_packed(__m512i packed) {
  return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
}

/// Blend four columns to 32-bit channels.
GCV_AVX512 inline __m512i blend_four(const std::uint8_t* row, const std::int32_t* offsets, __m512i weights,
                                     __m512i shuffle) {
  const __m512i pixels = load_four(row + offsets[0], row + offsets[1], row + offsets[2], row + offsets[3]);
  return _mm512_srai_epi32(_mm512_madd_epi16(_mm512_shuffle_epi8(pixels, shuffle), weights), kWeightBits - kColumnBits);
}

template <int kRows>
GCV_AVX512 void blend_columns_of(const std::uint8_t* const* rows, const ColumnPairs& pairs, const PixelLayout& layout,
                                 std::int16_t* const* outs) {
  const __m512i shuffle = _mm512_broadcast_i32x4(pair_shuffle(layout));
  for (std::size_t i = 0; i < pairs.count; i += 8) {
    const std::int32_t* offsets = pairs.offsets + i;
    const __m512i low = load64(pairs.weights + 8 * i);
    const __m512i high = load64(pairs.weights + 8 * i + 32);
    for (int r = 0; r < kRows; ++r) {
      const __m512i mixed = _mm512_packs_epi32(blend_four(rows[r], offsets, low, shuffle),
                                               blend_four(rows[r], offsets + 4, high, shuffle));
      _mm512_storeu_si512(outs[r] + 4 * i, order_packed(mixed));
    }
  }
}

GCV_AVX512 void blend_columns(const std::uint8_t* row, const ColumnPairs& pairs, const PixelLayout& layout,
                              std::int16_t* out) {
  blend_columns_of<1>(&row, pairs, layout, &out);
}

GCV_AVX512 void blend_columns2(const std::uint8_t* const rows[2], const ColumnPairs& pairs, const PixelLayout& layout,
                               std::int16_t* const outs[2]) {
  blend_columns_of<2>(rows, pairs, layout, outs);
}

/// Eight columns of two rows to 16-bit levels.
GCV_AVX512 inline __m512i mix_rows(const std::int16_t* top, const std::int16_t* bottom, __m512i fraction) {
  const __m512i from = load64(top);
  const __m512i step = _mm512_mulhrs_epi16(_mm512_sub_epi16(load64(bottom), from), fraction);
  const __m512i half = _mm512_set1_epi16(1 << (kColumnBits - 1));
  return _mm512_srai_epi16(_mm512_add_epi16(_mm512_add_epi16(from, step), half), kColumnBits);
}

/// Sixteen pixels of interleaved bytes, four per quarter, to sixteen bytes per channel.
GCV_AVX512 inline __m512i to_planes(__m512i pixels, __m512i shuffle) {
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, _mm512_shuffle_epi8(pixels, shuffle));
}

GCV_AVX512 inline __m512i mix_sixteen(const std::int16_t* top, const std::int16_t* bottom, __m512i fraction) {
  const __m512i levels =
      _mm512_packus_epi16(mix_rows(top, bottom, fraction), mix_rows(top + 32, bottom + 32, fraction));
  return to_planes(order_packed(levels), _mm512_broadcast_i32x4(plane_shuffle(kBlendedLayout)));
}

GCV_AVX512 inline __mmask16 first_lanes(std::size_t count) {
  return static_cast<__mmask16>(count >= kLanes ? 0xffff : (1u << count) - 1);
}

GCV_AVX512 inline void store_scaled(__m128i levels, float mean, float factor, __mmask16 lanes, float* out) {
  const __m512 numbers = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(levels));
  const __m512 scaled = _mm512_mul_ps(_mm512_sub_ps(numbers, _mm512_set1_ps(mean)), _mm512_set1_ps(factor));
  _mm512_mask_storeu_ps(out, lanes, scaled);
}

GCV_AVX512 inline void store_planes(__m512i planes, const ChannelScale& scale, __mmask16 lanes,
                                    const PlaneRow<float>& out, std::size_t i) {
  store_scaled(_mm512_castsi512_si128(planes), scale.mean[0], scale.factor[0], lanes, out.planes[0] + i);
  store_scaled(_mm512_extracti32x4_epi32(planes, 1), scale.mean[1], scale.factor[1], lanes, out.planes[1] + i);
  store_scaled(_mm512_extracti32x4_epi32(planes, 2), scale.mean[2], scale.factor[2], lanes, out.planes[2] + i);
}

GCV_AVX512 inline void store_planes(__m512i planes, __mmask16 lanes, const PlaneRow<std::uint8_t>& out, std::size_t i) {
  _mm_mask_storeu_epi8(out.planes[0] + i, lanes, _mm512_castsi512_si128(planes));
  _mm_mask_storeu_epi8(out.planes[1] + i, lanes, _mm512_extracti32x4_epi32(planes, 1));
  _mm_mask_storeu_epi8(out.planes[2] + i, lanes, _mm512_extracti32x4_epi32(planes, 2));
}

GCV_AVX512 void blend_rows_f32(const std::int16_t* top, const std::int16_t* bottom, int fraction,
                               const ChannelScale& scale, const PlaneRow<float>& out) {
  const __m512i part = _mm512_set1_epi16(static_cast<std::int16_t>(fraction));
  for (std::size_t i = 0; i < out.count; i += kLanes) {
    store_planes(mix_sixteen(top + 4 * i, bottom + 4 * i, part), scale, first_lanes(out.count - i), out, i);
  }
}

GCV_AVX512 void blend_rows_u8(const std::int16_t* top, const std::int16_t* bottom, int fraction,
                              const PlaneRow<std::uint8_t>& out) {
  const __m512i part = _mm512_set1_epi16(static_cast<std::int16_t>(fraction));
  for (std::size_t i = 0; i < out.count; i += kLanes) {
    store_planes(mix_sixteen(top + 4 * i, bottom + 4 * i, part), first_lanes(out.count - i), out, i);
  }
}

/// Whether sixteen pixels can be read from pixel i on without leaving the row.
inline bool block_fits(std::size_t i, const PixelLayout& layout, std::size_t count) {
  return (i + 12) * layout.step + kReadAhead <= count * layout.step && i + kLanes <= count;
}

GCV_AVX512 inline __m512i read_sixteen(const std::uint8_t* pixels, const PixelLayout& layout, __m512i shuffle) {
  const int four = 4 * layout.step;
  return to_planes(load_four(pixels, pixels + four, pixels + 2 * four, pixels + 3 * four), shuffle);
}

GCV_AVX512 void spread_f32(const std::uint8_t* row, const PixelLayout& layout, const ChannelScale& scale,
                           const PlaneRow<float>& out) {
  const __m512i shuffle = _mm512_broadcast_i32x4(plane_shuffle(layout));
  std::size_t i = 0;
  for (; block_fits(i, layout, out.count); i += kLanes) {
    store_planes(read_sixteen(row + i * layout.step, layout, shuffle), scale, 0xffff, out, i);
  }
  spread_f32_from(i, row, layout, scale, out);
}

GCV_AVX512 void spread_u8(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<std::uint8_t>& out) {
  const __m512i shuffle = _mm512_broadcast_i32x4(plane_shuffle(layout));
  std::size_t i = 0;
  for (; block_fits(i, layout, out.count); i += kLanes) {
    store_planes(read_sixteen(row + i * layout.step, layout, shuffle), 0xffff, out, i);
  }
  spread_u8_from(i, row, layout, out);
}

GCV_AVX512 void grey_f32(const PlaneRow<std::uint8_t>& colors, const ChannelScale& scale, float* out) {
  grey_all_f32(colors, scale, out);
}

GCV_AVX512 void grey_u8(const PlaneRow<std::uint8_t>& colors, std::uint8_t* out) { grey_all_u8(colors, out); }

GCV_AVX512 inline __mmask16 over_mask(const float* scores, __m512 limit) {
  return _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), limit, _CMP_GT_OQ);
}

GCV_AVX512 std::size_t find_over(const float* scores, std::size_t count, float threshold, std::uint32_t* found) {
  const __m512 limit = _mm512_set1_ps(threshold);
  const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  std::size_t hits = 0, i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __mmask16 mask = over_mask(scores + i, limit);
    if (mask == 0) continue;
    const __m512i positions = _mm512_add_epi32(lane, _mm512_set1_epi32(static_cast<int>(i)));
    _mm512_storeu_si512(found + hits, _mm512_maskz_compress_epi32(mask, positions));
    hits += static_cast<std::size_t>(__builtin_popcount(mask));
  }
  return find_over_from(i, scores, count, threshold, found, hits);
}

// max(a, b) is a > b ? a : b and min(a, b) is a < b ? a : b, NaN included, as in scalar_ops.h.
GCV_AVX512 inline __m512 overlap16(__mmask16 lanes, const float* a1, const float* a2, float b1, float b2) {
  const __m512 left = _mm512_max_ps(_mm512_maskz_loadu_ps(lanes, a1), _mm512_set1_ps(b1));
  const __m512 right = _mm512_min_ps(_mm512_maskz_loadu_ps(lanes, a2), _mm512_set1_ps(b2));
  return _mm512_max_ps(_mm512_sub_ps(right, left), _mm512_setzero_ps());
}

GCV_AVX512 bool overlaps_any(const BoxColumns& others, const float box[5], float threshold) {
  for (std::size_t i = 0; i < others.count; i += kLanes) {
    const __mmask16 lanes = first_lanes(others.count - i);
    const __m512 shared = _mm512_mul_ps(overlap16(lanes, others.x1 + i, others.x2 + i, box[0], box[2]),
                                        overlap16(lanes, others.y1 + i, others.y2 + i, box[1], box[3]));
    const __m512 areas = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, others.area + i), _mm512_set1_ps(box[4]));
    const __m512 iou = _mm512_div_ps(shared, _mm512_sub_ps(areas, shared));
    if (_mm512_mask_cmp_ps_mask(lanes, iou, _mm512_set1_ps(threshold), _CMP_GT_OQ) != 0) return true;
  }
  return false;
}

GCV_AVX512 inline __m512 lerp16(__m512 from, __m512 to, __m512 fraction) {
  return _mm512_add_ps(from, _mm512_mul_ps(_mm512_sub_ps(to, from), fraction));
}

/// Sixteen numbers of a row at rising positions: from two registers where they lie close, else gathered.
GCV_AVX512 inline __m512 pick(const float* row, __m512i index, std::int32_t first, bool close) {
  if (!close) return _mm512_i32gather_ps(index, row, 4);
  const __m512i near = _mm512_sub_epi32(index, _mm512_set1_epi32(first));
  return _mm512_permutex2var_ps(_mm512_loadu_ps(row + first), near, _mm512_loadu_ps(row + first + kLanes));
}

GCV_AVX512 void stretch_row(const float* row, const std::int32_t* left, const float* fraction, std::size_t count,
                            float* out) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __m512i index = load64(left + i);
    const bool close = left[i + kLanes - 1] - left[i] < static_cast<int>(2 * kLanes);
    const __m512 from = pick(row, index, left[i], close);
    const __m512 to = pick(row + 1, index, left[i], close);
    _mm512_storeu_ps(out + i, lerp16(from, to, _mm512_loadu_ps(fraction + i)));
  }
  stretch_row_from(i, row, left, fraction, count, out);
}

GCV_AVX512 inline void store_ids(__m512i ids, std::int32_t* out) { _mm512_storeu_si512(out, ids); }

GCV_AVX512 inline void store_ids(__m512i ids, std::uint8_t* out) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(ids));
}

/// argmax of 64 columns.
template <typename T>
GCV_AVX512 inline void argmax_block(const float* top, const float* bottom, __m512 fraction, std::size_t stride,
                                    int classes, T* out) {
  __m512 best[4];
  __m512i ids[4];
  for (int v = 0; v < 4; ++v) best[v] = _mm512_set1_ps(-__builtin_inff()), ids[v] = _mm512_setzero_si512();
  for (int k = 0; k < classes; ++k, top += stride, bottom += stride) {
    const __m512i id = _mm512_set1_epi32(k);
    for (int v = 0; v < 4; ++v) {
      const __m512 value = lerp16(_mm512_loadu_ps(top + 16 * v), _mm512_loadu_ps(bottom + 16 * v), fraction);
      ids[v] = _mm512_mask_mov_epi32(ids[v], _mm512_cmp_ps_mask(value, best[v], _CMP_GT_OQ), id);
      best[v] = _mm512_max_ps(value, best[v]);
    }
  }
  for (int v = 0; v < 4; ++v) store_ids(ids[v], out + 16 * v);
}

template <typename T>
GCV_AVX512 void argmax(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                       std::size_t count, T* out) {
  const __m512 part = _mm512_set1_ps(fraction);
  std::size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) argmax_block(top + i, bottom + i, part, stride, classes, out + i);
  argmax_from(i, top, bottom, fraction, stride, classes, count, out);
}

GCV_AVX512 inline __m512 lerp_at(__mmask16 lanes, const float* top, const float* bottom, __m512 fraction) {
  return lerp16(_mm512_maskz_loadu_ps(lanes, top), _mm512_maskz_loadu_ps(lanes, bottom), fraction);
}

GCV_AVX512 void lerp_rows(const float* top, const float* bottom, float fraction, std::size_t count, float* out) {
  const __m512 part = _mm512_set1_ps(fraction);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const __mmask16 lanes = first_lanes(count - i);
    _mm512_mask_storeu_ps(out + i, lanes, lerp_at(lanes, top + i, bottom + i, part));
  }
}

GCV_AVX512 void cover_rows(const float* top, const float* bottom, float fraction, std::size_t count,
                           std::uint8_t* out) {
  const __m512 part = _mm512_set1_ps(fraction), limit = _mm512_set1_ps(kCovered);
  for (std::size_t i = 0; i < count; i += kLanes) {
    const __mmask16 lanes = first_lanes(count - i);
    const __mmask16 covered = _mm512_cmp_ps_mask(lerp_at(lanes, top + i, bottom + i, part), limit, _CMP_GE_OQ);
    _mm_mask_storeu_epi8(out + i, lanes, _mm_maskz_set1_epi8(covered, 1));
  }
}

// max(NaN, 0) is 0, as in scalar_ops.h; the conversion rounds halves to even.
GCV_AVX512 inline __m512i level16(__mmask16 lanes, const float* values, const LevelScale& scale) {
  const __m512 shifted = _mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, values), _mm512_set1_ps(scale.low));
  const __m512 scaled = _mm512_mul_ps(shifted, _mm512_set1_ps(scale.factor));
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(scaled, _mm512_setzero_ps()), _mm512_set1_ps(255)));
}

GCV_AVX512 void level_row(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  for (std::size_t i = 0; i < count; i += kLanes) {
    const __mmask16 lanes = first_lanes(count - i);
    _mm_mask_storeu_epi8(out + i, lanes, _mm512_cvtepi32_epi8(level16(lanes, values + i, scale)));
  }
}

GCV_AVX512 void level_rows3(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  const __m512i triples = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m512i order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __m512i second = _mm512_slli_epi32(level16(0xffff, rows[1] + i, scale), 8);
    const __m512i third = _mm512_slli_epi32(level16(0xffff, rows[2] + i, scale), 16);
    const __m512i pixels = _mm512_or_si512(level16(0xffff, rows[0] + i, scale), _mm512_or_si512(second, third));
    const __m512i packed = _mm512_permutexvar_epi32(order, _mm512_shuffle_epi8(pixels, triples));
    _mm512_mask_storeu_epi32(out + 3 * i, 0x0fff, packed);
  }
  level_rows3_from(i, rows, scale, count, out);
}

}  // namespace

const Kernels& avx512_kernels() {
  static constexpr Kernels kKernels{blend_columns,
                                    blend_columns2,
                                    blend_rows_f32,
                                    blend_rows_u8,
                                    spread_f32,
                                    spread_u8,
                                    grey_f32,
                                    grey_u8,
                                    find_over,
                                    overlaps_any,
                                    stretch_row,
                                    argmax<std::uint8_t>,
                                    argmax<std::int32_t>,
                                    lerp_rows,
                                    cover_rows,
                                    level_row,
                                    level_rows3};
  return kKernels;
}

}  // namespace gcv
