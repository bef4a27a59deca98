#include "kernels.h"
#include "resample_kernels.h"
#include "scalar_ops.h"

namespace gcv {
namespace {

void blend_columns(const std::uint8_t* row, const ColumnPairs& pairs, const PixelLayout& layout, std::int16_t* out) {
  for (std::size_t i = 0; i < pairs.count; ++i) {
    const std::uint8_t* left = row + pairs.offsets[i];
    const std::int16_t* weights = pairs.weights + 8 * i;
    for (int c = 0; c < 3; ++c) {
      const int byte = layout.order[c];
      out[4 * i + c] = blend_pair(left[byte], left[byte + layout.step], weights);
    }
  }
}

void blend_columns2(const std::uint8_t* const rows[2], const ColumnPairs& pairs, const PixelLayout& layout,
                    std::int16_t* const outs[2]) {
  for (int i = 0; i < 2; ++i) blend_columns(rows[i], pairs, layout, outs[i]);
}

void blend_rows_f32(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights, const ChannelScale& scale,
                    const PlaneRow<float>& out) {
  blend_rows_f32_from(0, top, bottom, weights, scale, out);
}

void blend_rows_u8(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                   const PlaneRow<std::uint8_t>& out) {
  blend_rows_u8_from(0, top, bottom, weights, out);
}

void spread_f32(const std::uint8_t* row, const PixelLayout& layout, const ChannelScale& scale,
                const PlaneRow<float>& out) {
  spread_f32_from(0, row, layout, scale, out);
}

void spread_u8(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<std::uint8_t>& out) {
  spread_u8_from(0, row, layout, out);
}

void grey_f32(const PlaneRow<std::uint8_t>& colors, const ChannelScale& scale, float* out) {
  grey_all_f32(colors, scale, out);
}

void grey_u8(const PlaneRow<std::uint8_t>& colors, std::uint8_t* out) { grey_all_u8(colors, out); }

std::size_t find_over(const float* scores, std::size_t count, float threshold, std::uint32_t* found) {
  return find_over_from(0, scores, count, threshold, found, 0);
}

bool overlaps_any(const BoxColumns& others, const float box[5], float threshold) {
  return overlaps_any_from(0, others, box, threshold);
}

void stretch_row(const float* row, const std::int32_t* left, const float* fraction, std::size_t count, float* out) {
  stretch_row_from(0, row, left, fraction, count, out);
}

void argmax_u8(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
               std::size_t count, std::uint8_t* out) {
  argmax_from(0, top, bottom, fraction, stride, classes, count, out);
}

void argmax_i32(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                std::size_t count, std::int32_t* out) {
  argmax_from(0, top, bottom, fraction, stride, classes, count, out);
}

void lerp_rows(const float* top, const float* bottom, float fraction, std::size_t count, float* out) {
  lerp_rows_from(0, top, bottom, fraction, count, out);
}

void cover_rows(const float* top, const float* bottom, float fraction, std::size_t count, std::uint8_t* out) {
  cover_rows_from(0, top, bottom, fraction, count, out);
}

void level_row(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  level_row_from(0, values, scale, count, out);
}

void level_rows3(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out) {
  level_rows3_from(0, rows, scale, count, out);
}

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels kKernels{blend_columns, blend_columns2, blend_rows_f32, blend_rows_u8, spread_f32,
                                    spread_u8,     grey_f32,       grey_u8,        widen_row, weigh_columns, weigh_rows, find_over,     overlaps_any,
                                    stretch_row,   argmax_u8,      argmax_i32,     lerp_rows,     cover_rows,
                                    level_row,     level_rows3};
  return kKernels;
}

}  // namespace gcv
