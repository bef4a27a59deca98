#include <arm_neon.h>

#include "kernels.h"
#include "scalar_ops.h"

// NEON is part of every 64-bit ARM processor. Multiplications and additions stay apart, as in scalar_ops.h.
namespace gcv {
namespace {

/// One pixel and its right neighbour to bytes: channels 0, 1, 2 of the left, a zero, those of the right, a zero.
uint8x8_t pair_order(const PixelLayout& layout) {
  std::uint8_t bytes[8];
  for (int i = 0; i < 8; ++i) {
    const int c = i % 4;
    bytes[i] = static_cast<std::uint8_t>(c == 3 ? 0xff : layout.order[c] + (i < 4 ? 0 : layout.step));
  }
  return vld1_u8(bytes);
}

inline uint16x4_t blend_column(const std::uint8_t* pixels, const std::int16_t* weights, uint8x8_t order) {
  const uint16x8_t pair = vmovl_u8(vtbl1_u8(vld1_u8(pixels), order));
  const uint32x4_t left = vmull_n_u16(vget_low_u16(pair), static_cast<std::uint16_t>(weights[0]));
  const uint32x4_t both = vmlal_n_u16(left, vget_high_u16(pair), static_cast<std::uint16_t>(weights[1]));
  return vshrn_n_u32(both, kWeightBits - kColumnBits);
}

void blend_columns(const std::uint8_t* row, const ColumnPairs& pairs, const PixelLayout& layout, std::int16_t* out) {
  const uint8x8_t order = pair_order(layout);
  for (std::size_t i = 0; i < pairs.count; i += 2) {
    const uint16x4_t first = blend_column(row + pairs.offsets[i], pairs.weights + 8 * i, order);
    const uint16x4_t second = blend_column(row + pairs.offsets[i + 1], pairs.weights + 8 * i + 8, order);
    vst1q_s16(out + 4 * i, vreinterpretq_s16_u16(vcombine_u16(first, second)));
  }
}

void blend_columns2(const std::uint8_t* const rows[2], const ColumnPairs& pairs, const PixelLayout& layout,
                    std::int16_t* const outs[2]) {
  for (int i = 0; i < 2; ++i) blend_columns(rows[i], pairs, layout, outs[i]);
}

/// Eight columns of one channel to levels: a rounding shift after a rounding multiplication.
inline uint8x8_t mix(int16x8_t top, int16x8_t bottom, int16x8_t fraction) {
  const int16x8_t step = vqrdmulhq_s16(vsubq_s16(bottom, top), fraction);
  return vqmovun_s16(vrshrq_n_s16(vaddq_s16(top, step), kColumnBits));
}

inline void store_scaled(uint8x8_t levels, float mean, float factor, float* out) {
  const uint16x8_t wide = vmovl_u8(levels);
  const float32x4_t middle = vdupq_n_f32(mean);
  const float32x4_t low = vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)));
  const float32x4_t high = vcvtq_f32_u32(vmovl_u16(vget_high_u16(wide)));
  vst1q_f32(out, vmulq_n_f32(vsubq_f32(low, middle), factor));
  vst1q_f32(out + 4, vmulq_n_f32(vsubq_f32(high, middle), factor));
}

/// Call `store(channel, column, levels)` for blocks of eight columns; returns the first column left over.
template <typename Store>
std::size_t blend_blocks(const std::int16_t* top, const std::int16_t* bottom, int fraction, std::size_t count,
                         const Store& store) {
  const int16x8_t part = vdupq_n_s16(static_cast<std::int16_t>(fraction));
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const int16x8x4_t upper = vld4q_s16(top + 4 * i), lower = vld4q_s16(bottom + 4 * i);
    for (int c = 0; c < 3; ++c) store(c, i, mix(upper.val[c], lower.val[c], part));
  }
  return i;
}

void blend_rows_f32(const std::int16_t* top, const std::int16_t* bottom, int fraction, const ChannelScale& scale,
                    const PlaneRow<float>& out) {
  const auto store = [&](int c, std::size_t i, uint8x8_t levels) {
    store_scaled(levels, scale.mean[c], scale.factor[c], out.planes[c] + i);
  };
  const std::size_t done = blend_blocks(top, bottom, fraction, out.count, store);
  blend_rows_f32_from(done, top, bottom, fraction, scale, out);
}

void blend_rows_u8(const std::int16_t* top, const std::int16_t* bottom, int fraction,
                   const PlaneRow<std::uint8_t>& out) {
  const auto store = [&](int c, std::size_t i, uint8x8_t levels) { vst1_u8(out.planes[c] + i, levels); };
  const std::size_t done = blend_blocks(top, bottom, fraction, out.count, store);
  blend_rows_u8_from(done, top, bottom, fraction, out);
}

/// Eight pixels to eight levels of each of their channels.
inline uint8x8x4_t read_eight(const std::uint8_t* pixels, int step) {
  if (step == 4) return vld4_u8(pixels);
  if (step == 3) {
    const uint8x8x3_t planes = vld3_u8(pixels);
    return {{planes.val[0], planes.val[1], planes.val[2], planes.val[2]}};
  }
  const uint8x8_t grey = vld1_u8(pixels);
  return {{grey, grey, grey, grey}};
}

template <typename Store>
std::size_t spread_blocks(const std::uint8_t* row, const PixelLayout& layout, std::size_t count, const Store& store) {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const uint8x8x4_t pixels = read_eight(row + i * layout.step, layout.step);
    for (int c = 0; c < 3; ++c) store(c, i, layout.order[c] == 0 ? pixels.val[0] : pixels.val[layout.order[c]]);
  }
  return i;
}

void spread_f32(const std::uint8_t* row, const PixelLayout& layout, const ChannelScale& scale,
                const PlaneRow<float>& out) {
  const auto store = [&](int c, std::size_t i, uint8x8_t levels) {
    store_scaled(levels, scale.mean[c], scale.factor[c], out.planes[c] + i);
  };
  spread_f32_from(spread_blocks(row, layout, out.count, store), row, layout, scale, out);
}

void spread_u8(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<std::uint8_t>& out) {
  const auto store = [&](int c, std::size_t i, uint8x8_t levels) { vst1_u8(out.planes[c] + i, levels); };
  spread_u8_from(spread_blocks(row, layout, out.count, store), row, layout, out);
}

void grey_f32(const PlaneRow<std::uint8_t>& colors, const ChannelScale& scale, float* out) {
  grey_all_f32(colors, scale, out);
}

void grey_u8(const PlaneRow<std::uint8_t>& colors, std::uint8_t* out) { grey_all_u8(colors, out); }

inline uint32x4_t over(const float* scores, float32x4_t limit) { return vcgtq_f32(vld1q_f32(scores), limit); }

std::size_t find_over(const float* scores, std::size_t count, float threshold, std::uint32_t* found) {
  const float32x4_t limit = vdupq_n_f32(threshold);
  std::size_t hits = 0, i = 0;
  for (; i + 16 <= count; i += 16) {
    const uint32x4_t low = vorrq_u32(over(scores + i, limit), over(scores + i + 4, limit));
    const uint32x4_t high = vorrq_u32(over(scores + i + 8, limit), over(scores + i + 12, limit));
    if (vmaxvq_u32(vorrq_u32(low, high)) != 0) hits = find_over_from(i, scores, i + 16, threshold, found, hits);
  }
  return find_over_from(i, scores, count, threshold, found, hits);
}

// The order of the comparisons decides what NaN does: vmaxq and vminq would keep it.
inline float32x4_t larger(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
inline float32x4_t smaller(float32x4_t a, float32x4_t b) { return vbslq_f32(vcltq_f32(a, b), a, b); }

inline float32x4_t overlap4(const float* a1, const float* a2, float b1, float b2) {
  const float32x4_t left = larger(vld1q_f32(a1), vdupq_n_f32(b1));
  const float32x4_t right = smaller(vld1q_f32(a2), vdupq_n_f32(b2));
  return larger(vsubq_f32(right, left), vdupq_n_f32(0));
}

bool overlaps_any(const BoxColumns& others, const float box[5], float threshold) {
  std::size_t i = 0;
  for (; i + 4 <= others.count; i += 4) {
    const float32x4_t shared = vmulq_f32(overlap4(others.x1 + i, others.x2 + i, box[0], box[2]),
                                         overlap4(others.y1 + i, others.y2 + i, box[1], box[3]));
    const float32x4_t areas = vaddq_f32(vld1q_f32(others.area + i), vdupq_n_f32(box[4]));
    const float32x4_t iou = vdivq_f32(shared, vsubq_f32(areas, shared));
    if (vmaxvq_u32(vcgtq_f32(iou, vdupq_n_f32(threshold))) != 0) return true;
  }
  return overlaps_any_from(i, others, box, threshold);
}

// Without a gather, loads one by one are what is left.
void stretch_row(const float* row, const std::int32_t* left, const float* fraction, std::size_t count, float* out) {
  stretch_row_from(0, row, left, fraction, count, out);
}

inline float32x4_t lerp4(const float* from, const float* to, float fraction) {
  const float32x4_t first = vld1q_f32(from);
  return vaddq_f32(first, vmulq_n_f32(vsubq_f32(vld1q_f32(to), first), fraction));
}

inline uint8x16_t narrow(const uint32x4_t words[4]) {
  const uint16x8_t low = vcombine_u16(vmovn_u32(words[0]), vmovn_u32(words[1]));
  const uint16x8_t high = vcombine_u16(vmovn_u32(words[2]), vmovn_u32(words[3]));
  return vcombine_u8(vmovn_u16(low), vmovn_u16(high));
}

inline void store_ids(const uint32x4_t ids[4], std::uint8_t* out) { vst1q_u8(out, narrow(ids)); }

inline void store_ids(const uint32x4_t ids[4], std::int32_t* out) {
  for (int v = 0; v < 4; ++v) vst1q_s32(out + 4 * v, vreinterpretq_s32_u32(ids[v]));
}

/// argmax of 16 columns.
template <typename T>
void argmax_block(const float* top, const float* bottom, float fraction, std::size_t stride, int classes, T* out) {
  float32x4_t best[4];
  uint32x4_t ids[4];
  for (int v = 0; v < 4; ++v) best[v] = vdupq_n_f32(-__builtin_inff()), ids[v] = vdupq_n_u32(0);
  for (int k = 0; k < classes; ++k, top += stride, bottom += stride) {
    const uint32x4_t id = vdupq_n_u32(static_cast<std::uint32_t>(k));
    for (int v = 0; v < 4; ++v) {
      const float32x4_t value = lerp4(top + 4 * v, bottom + 4 * v, fraction);
      const uint32x4_t wins = vcgtq_f32(value, best[v]);
      best[v] = vbslq_f32(wins, value, best[v]);
      ids[v] = vbslq_u32(wins, id, ids[v]);
    }
  }
  store_ids(ids, out);
}

template <typename T>
void argmax(const float* top, const float* bottom, float fraction, std::size_t stride, int classes, std::size_t count,
            T* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) argmax_block(top + i, bottom + i, fraction, stride, classes, out + i);
  argmax_from(i, top, bottom, fraction, stride, classes, count, out);
}

void lerp_rows(const float* top, const float* bottom, float fraction, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(out + i, lerp4(top + i, bottom + i, fraction));
  lerp_rows_from(i, top, bottom, fraction, count, out);
}

void cover_rows(const float* top, const float* bottom, float fraction, std::size_t count, std::uint8_t* out) {
  const float32x4_t limit = vdupq_n_f32(kCovered);
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    uint32x4_t covered[4];
    for (int v = 0; v < 4; ++v) covered[v] = vcgeq_f32(lerp4(top + i + 4 * v, bottom + i + 4 * v, fraction), limit);
    vst1q_u8(out + i, vandq_u8(narrow(covered), vdupq_n_u8(1)));
  }
  cover_rows_from(i, top, bottom, fraction, count, out);
}

/// Sixteen numbers to levels; the conversion rounds halves to even.
inline uint8x16_t level16(const float* values, const LevelScale& scale) {
  uint32x4_t levels[4];
  for (int v = 0; v < 4; ++v) {
    const float32x4_t shifted = vsubq_f32(vld1q_f32(values + 4 * v), vdupq_n_f32(scale.low));
    const float32x4_t positive = larger(vmulq_n_f32(shifted, scale.factor), vdupq_n_f32(0));
    levels[v] = vcvtnq_u32_f32(smaller(positive, vdupq_n_f32(255)));
  }
  return narrow(levels);
}

void level_row(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) vst1q_u8(out + i, level16(values + i, scale));
  level_row_from(i, values, scale, count, out);
}

void level_rows3(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    vst3q_u8(out + 3 * i, {{level16(rows[0] + i, scale), level16(rows[1] + i, scale), level16(rows[2] + i, scale)}});
  }
  level_rows3_from(i, rows, scale, count, out);
}

}  // namespace

const Kernels& neon_kernels() {
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
