#include <immintrin.h>

#include "kernels.h"
#include "scalar_ops.h"
#include "shuffles.h"

#define GCV_AVX2 __attribute__((target("avx2")))

namespace gcv {
namespace {

constexpr std::size_t kLanes = 8;

GCV_AVX2 inline __m128i load16(const void* bytes) { return _mm_loadu_si128(static_cast<const __m128i*>(bytes)); }
GCV_AVX2 inline __m256i load32(const void* bytes) { return _mm256_loadu_si256(static_cast<const __m256i*>(bytes)); }
GCV_AVX2 inline __m256i load_two(const void* low, const void* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(low)), load16(high), 1);
}

/// Blend two columns to 32-bit channels.
GCV_AVX2 inline __m256i blend_two(const std::uint8_t* row, const std::int32_t* offsets, __m256i weights,
                                  __m256i shuffle) {
  const __m256i pairs = _mm256_shuffle_epi8(load_two(row + offsets[0], row + offsets[1]), shuffle);
  return _mm256_srai_epi32(_mm256_madd_epi16(pairs, weights), kWeightBits - kColumnBits);
}

GCV_AVX2 inline void blend_four(const std::uint8_t* row, const std::int32_t* offsets, __m256i weights01,
                                __m256i weights23, __m256i shuffle, std::int16_t* out) {
  const __m256i columns01 = blend_two(row, offsets, weights01, shuffle);
  const __m256i columns23 = blend_two(row, offsets + 2, weights23, shuffle);
  const __m256i mixed = _mm256_packs_epi32(columns01, columns23);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0)));
}

template <int kRows>
GCV_AVX2 void blend_columns_of(const std::uint8_t* const* rows, const ColumnPairs& pairs, const PixelLayout& layout,
                               std::int16_t* const* outs) {
  const __m256i shuffle = _mm256_broadcastsi128_si256(pair_shuffle(layout));
  for (std::size_t i = 0; i < pairs.count; i += 4) {
    const __m256i weights01 = load32(pairs.weights + 8 * i);
    const __m256i weights23 = load32(pairs.weights + 8 * i + 16);
    for (int r = 0; r < kRows; ++r) {
      blend_four(rows[r], pairs.offsets + i, weights01, weights23, shuffle, outs[r] + 4 * i);
    }
  }
}

GCV_AVX2 void blend_columns(const std::uint8_t* row, const ColumnPairs& pairs, const PixelLayout& layout,
                            std::int16_t* out) {
  blend_columns_of<1>(&row, pairs, layout, &out);
}

GCV_AVX2 void blend_columns2(const std::uint8_t* const rows[2], const ColumnPairs& pairs, const PixelLayout& layout,
                             std::int16_t* const outs[2]) {
  blend_columns_of<2>(rows, pairs, layout, outs);
}

/// Four columns of two rows to 16-bit levels.
GCV_AVX2 inline __m256i mix_rows(const std::int16_t* top, const std::int16_t* bottom, __m256i fraction) {
  const __m256i from = load32(top);
  const __m256i step = _mm256_mulhrs_epi16(_mm256_sub_epi16(load32(bottom), from), fraction);
  const __m256i half = _mm256_set1_epi16(1 << (kColumnBits - 1));
  return _mm256_srai_epi16(_mm256_add_epi16(_mm256_add_epi16(from, step), half), kColumnBits);
}

/// Eight pixels of interleaved bytes, four per half, to eight bytes per channel.
GCV_AVX2 inline __m256i to_planes(__m256i pixels, __m256i shuffle) {
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(pixels, shuffle), order);
}

GCV_AVX2 inline __m256i mix_eight(const std::int16_t* top, const std::int16_t* bottom, __m256i fraction) {
  const __m256i levels =
      _mm256_packus_epi16(mix_rows(top, bottom, fraction), mix_rows(top + 16, bottom + 16, fraction));
  const __m256i ordered = _mm256_permute4x64_epi64(levels, _MM_SHUFFLE(3, 1, 2, 0));
  return to_planes(ordered, _mm256_broadcastsi128_si256(plane_shuffle(kBlendedLayout)));
}

GCV_AVX2 inline void store_scaled(__m128i levels, float mean, float factor, float* out) {
  const __m256 numbers = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(levels));
  _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_sub_ps(numbers, _mm256_set1_ps(mean)), _mm256_set1_ps(factor)));
}

GCV_AVX2 inline void store_planes(__m256i planes, const ChannelScale& scale, const PlaneRow<float>& out,
                                  std::size_t i) {
  const __m128i first = _mm256_castsi256_si128(planes);
  store_scaled(first, scale.mean[0], scale.factor[0], out.planes[0] + i);
  store_scaled(_mm_srli_si128(first, 8), scale.mean[1], scale.factor[1], out.planes[1] + i);
  store_scaled(_mm256_extracti128_si256(planes, 1), scale.mean[2], scale.factor[2], out.planes[2] + i);
}

GCV_AVX2 inline void store_planes(__m256i planes, const PlaneRow<std::uint8_t>& out, std::size_t i) {
  const __m128i first = _mm256_castsi256_si128(planes);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out.planes[0] + i), first);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out.planes[1] + i), _mm_srli_si128(first, 8));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out.planes[2] + i), _mm256_extracti128_si256(planes, 1));
}

GCV_AVX2 void blend_rows_f32(const std::int16_t* top, const std::int16_t* bottom, int fraction,
                             const ChannelScale& scale, const PlaneRow<float>& out) {
  const __m256i part = _mm256_set1_epi16(static_cast<std::int16_t>(fraction));
  std::size_t i = 0;
  for (; i + kLanes <= out.count; i += kLanes)
    store_planes(mix_eight(top + 4 * i, bottom + 4 * i, part), scale, out, i);
  blend_rows_f32_from(i, top, bottom, fraction, scale, out);
}

GCV_AVX2 void blend_rows_u8(const std::int16_t* top, const std::int16_t* bottom, int fraction,
                            const PlaneRow<std::uint8_t>& out) {
  const __m256i part = _mm256_set1_epi16(static_cast<std::int16_t>(fraction));
  std::size_t i = 0;
  for (; i + kLanes <= out.count; i += kLanes) store_planes(mix_eight(top + 4 * i, bottom + 4 * i, part), out, i);
  blend_rows_u8_from(i, top, bottom, fraction, out);
}

/// Pixels that can be read in blocks of kLanes without leaving the row.
inline bool block_fits(std::size_t i, const PixelLayout& layout, std::size_t count) {
  return (i + kLanes / 2) * layout.step + kReadAhead <= count * layout.step && i + kLanes <= count;
}

GCV_AVX2 inline __m256i read_eight(const std::uint8_t* pixels, const PixelLayout& layout, __m256i shuffle) {
  return to_planes(load_two(pixels, pixels + 4 * layout.step), shuffle);
}

GCV_AVX2 void spread_f32(const std::uint8_t* row, const PixelLayout& layout, const ChannelScale& scale,
                         const PlaneRow<float>& out) {
  const __m256i shuffle = _mm256_broadcastsi128_si256(plane_shuffle(layout));
  std::size_t i = 0;
  for (; block_fits(i, layout, out.count); i += kLanes) {
    store_planes(read_eight(row + i * layout.step, layout, shuffle), scale, out, i);
  }
  spread_f32_from(i, row, layout, scale, out);
}

GCV_AVX2 void spread_u8(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<std::uint8_t>& out) {
  const __m256i shuffle = _mm256_broadcastsi128_si256(plane_shuffle(layout));
  std::size_t i = 0;
  for (; block_fits(i, layout, out.count); i += kLanes) {
    store_planes(read_eight(row + i * layout.step, layout, shuffle), out, i);
  }
  spread_u8_from(i, row, layout, out);
}

GCV_AVX2 void grey_f32(const PlaneRow<std::uint8_t>& colors, const ChannelScale& scale, float* out) {
  grey_all_f32(colors, scale, out);
}

GCV_AVX2 void grey_u8(const PlaneRow<std::uint8_t>& colors, std::uint8_t* out) { grey_all_u8(colors, out); }

GCV_AVX2 inline unsigned over_mask(const float* scores, __m256 limit) {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(scores), limit, _CMP_GT_OQ)));
}

GCV_AVX2 std::size_t find_over(const float* scores, std::size_t count, float threshold, std::uint32_t* found) {
  const __m256 limit = _mm256_set1_ps(threshold);
  std::size_t hits = 0, i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    unsigned mask = over_mask(scores + i, limit) | over_mask(scores + i + 8, limit) << 8 |
                    over_mask(scores + i + 16, limit) << 16 | over_mask(scores + i + 24, limit) << 24;
    for (; mask != 0; mask &= mask - 1) found[hits++] = static_cast<std::uint32_t>(i) + __builtin_ctz(mask);
  }
  return find_over_from(i, scores, count, threshold, found, hits);
}

// max(a, b) is a > b ? a : b and min(a, b) is a < b ? a : b, NaN included, as in scalar_ops.h.
GCV_AVX2 inline __m256 overlap8(const float* a1, const float* a2, float b1, float b2) {
  const __m256 left = _mm256_max_ps(_mm256_loadu_ps(a1), _mm256_set1_ps(b1));
  const __m256 right = _mm256_min_ps(_mm256_loadu_ps(a2), _mm256_set1_ps(b2));
  return _mm256_max_ps(_mm256_sub_ps(right, left), _mm256_setzero_ps());
}

GCV_AVX2 bool overlaps_any(const BoxColumns& others, const float box[5], float threshold) {
  std::size_t i = 0;
  for (; i + kLanes <= others.count; i += kLanes) {
    const __m256 shared = _mm256_mul_ps(overlap8(others.x1 + i, others.x2 + i, box[0], box[2]),
                                        overlap8(others.y1 + i, others.y2 + i, box[1], box[3]));
    const __m256 areas = _mm256_add_ps(_mm256_loadu_ps(others.area + i), _mm256_set1_ps(box[4]));
    const __m256 iou = _mm256_div_ps(shared, _mm256_sub_ps(areas, shared));
    if (_mm256_movemask_ps(_mm256_cmp_ps(iou, _mm256_set1_ps(threshold), _CMP_GT_OQ)) != 0) return true;
  }
  return overlaps_any_from(i, others, box, threshold);
}

GCV_AVX2 inline __m256 lerp8(__m256 from, __m256 to, __m256 fraction) {
  return _mm256_add_ps(from, _mm256_mul_ps(_mm256_sub_ps(to, from), fraction));
}

GCV_AVX2 void stretch_row(const float* row, const std::int32_t* left, const float* fraction, std::size_t count,
                          float* out) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __m256i index = load32(left + i);
    const __m256 from = _mm256_i32gather_ps(row, index, 4);
    const __m256 to = _mm256_i32gather_ps(row + 1, index, 4);
    _mm256_storeu_ps(out + i, lerp8(from, to, _mm256_loadu_ps(fraction + i)));
  }
  stretch_row_from(i, row, left, fraction, count, out);
}

GCV_AVX2 inline void store_ids(const __m256i ids[4], std::int32_t* out) {
  for (int v = 0; v < 4; ++v) _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + kLanes * v), ids[v]);
}

GCV_AVX2 inline void store_ids(const __m256i ids[4], std::uint8_t* out) {
  const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(ids[0], ids[1]), _mm256_packs_epi32(ids[2], ids[3]));
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_permutevar8x32_epi32(bytes, order));
}

/// argmax of 32 columns.
template <typename T>
GCV_AVX2 inline void argmax_block(const float* top, const float* bottom, __m256 fraction, std::size_t stride,
                                  int classes, T* out) {
  __m256 best[4];
  __m256i ids[4];
  for (int v = 0; v < 4; ++v) best[v] = _mm256_set1_ps(-__builtin_inff()), ids[v] = _mm256_setzero_si256();
  for (int k = 0; k < classes; ++k, top += stride, bottom += stride) {
    const __m256i id = _mm256_set1_epi32(k);
    for (int v = 0; v < 4; ++v) {
      const __m256 value = lerp8(_mm256_loadu_ps(top + 8 * v), _mm256_loadu_ps(bottom + 8 * v), fraction);
      const __m256i larger = _mm256_castps_si256(_mm256_cmp_ps(value, best[v], _CMP_GT_OQ));
      best[v] = _mm256_max_ps(value, best[v]);
      ids[v] = _mm256_blendv_epi8(ids[v], id, larger);
    }
  }
  store_ids(ids, out);
}

template <typename T>
GCV_AVX2 void argmax(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                     std::size_t count, T* out) {
  const __m256 part = _mm256_set1_ps(fraction);
  std::size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) argmax_block(top + i, bottom + i, part, stride, classes, out + i);
  argmax_from(i, top, bottom, fraction, stride, classes, count, out);
}

GCV_AVX2 void lerp_rows(const float* top, const float* bottom, float fraction, std::size_t count, float* out) {
  const __m256 part = _mm256_set1_ps(fraction);
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    _mm256_storeu_ps(out + i, lerp8(_mm256_loadu_ps(top + i), _mm256_loadu_ps(bottom + i), part));
  }
  lerp_rows_from(i, top, bottom, fraction, count, out);
}

/// -1 in every lane whose blend is at least kCovered.
GCV_AVX2 inline __m256i cover8(const float* top, const float* bottom, __m256 fraction) {
  const __m256 value = lerp8(_mm256_loadu_ps(top), _mm256_loadu_ps(bottom), fraction);
  return _mm256_castps_si256(_mm256_cmp_ps(value, _mm256_set1_ps(kCovered), _CMP_GE_OQ));
}

GCV_AVX2 void cover_rows(const float* top, const float* bottom, float fraction, std::size_t count, std::uint8_t* out) {
  const __m256 part = _mm256_set1_ps(fraction);
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  std::size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    __m256i covered[4];
    for (int v = 0; v < 4; ++v) covered[v] = cover8(top + i + kLanes * v, bottom + i + kLanes * v, part);
    const __m256i bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(covered[0], covered[1]), _mm256_packs_epi32(covered[2], covered[3]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i),
                        _mm256_permutevar8x32_epi32(_mm256_abs_epi8(bytes), order));
  }
  cover_rows_from(i, top, bottom, fraction, count, out);
}

// max(NaN, 0) is 0, as in scalar_ops.h; the conversion rounds halves to even.
GCV_AVX2 inline __m256i level8(const float* values, const LevelScale& scale) {
  const __m256 shifted = _mm256_sub_ps(_mm256_loadu_ps(values), _mm256_set1_ps(scale.low));
  const __m256 scaled = _mm256_mul_ps(shifted, _mm256_set1_ps(scale.factor));
  const __m256 clipped = _mm256_min_ps(_mm256_max_ps(scaled, _mm256_setzero_ps()), _mm256_set1_ps(255));
  return _mm256_cvtps_epi32(clipped);
}

GCV_AVX2 void level_row(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  std::size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    __m256i levels[4];
    for (int v = 0; v < 4; ++v) levels[v] = level8(values + i + kLanes * v, scale);
    store_ids(levels, out + i);
  }
  level_row_from(i, values, scale, count, out);
}

GCV_AVX2 void level_rows3(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  const __m256i triples =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __m256i second = _mm256_slli_epi32(level8(rows[1] + i, scale), 8);
    const __m256i third = _mm256_slli_epi32(level8(rows[2] + i, scale), 16);
    const __m256i pixels = _mm256_or_si256(level8(rows[0] + i, scale), _mm256_or_si256(second, third));
    const __m256i packed =
        _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(pixels, triples), _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * i), _mm256_castsi256_si128(packed));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + 3 * i + 16), _mm256_extracti128_si256(packed, 1));
  }
  level_rows3_from(i, rows, scale, count, out);
}

}  // namespace

const Kernels& avx2_kernels() {
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
