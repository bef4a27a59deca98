#pragma once

#include <cstddef>
#include <cstdint>

namespace gcv {

/// Weights of the bilinear resample: kWeightOne is 1.
inline constexpr int kWeightBits = 11;
inline constexpr int kWeightOne = 1 << kWeightBits;
/// Blended columns keep this many bits under the level.
inline constexpr int kColumnBits = 7;
/// Kernels read and write columns in blocks of this many pixels; buffers are padded to it.
inline constexpr std::size_t kBlock = 16;
/// Columns of maps come in blocks of this many.
inline constexpr std::size_t kMapBlock = 64;
/// Numbers that stretch_row may read after the last left one.
inline constexpr std::size_t kStretchReadAhead = 33;
/// A pixel belongs to an object from this probability on.
inline constexpr float kCovered = 0.5f;
/// Bytes that a kernel may read from a pixel's first byte on.
inline constexpr int kReadAhead = 16;

/// Pairs of neighbouring source pixels to blend, one per output column; padded to a multiple of kBlock.
struct ColumnPairs {
  const std::int32_t* offsets;  ///< byte offset of the left pixel
  const std::int16_t* weights;  ///< left, right, left, right, ... four pairs per column
  std::size_t count;            ///< multiple of kBlock
};

/// Weights of two rows, in units of kWeightOne.
struct RowWeights {
  std::int16_t top, bottom;
};

/// A row of luma, and the row of chroma that it shares with another: two bytes for two pixels.
struct YuvRow {
  const std::uint8_t *luma, *chroma;
};

/// How luma and chroma become levels of red, green and blue: luma in units of 2^-14, chroma in units of 2^-13.
struct YuvWeights {
  std::int16_t luma_floor;  ///< 256 times the luma of black
  std::int16_t luma, v_to_red, u_to_green, v_to_green, u_to_blue;
};

/// Bytes of luma, and of chroma, that hold both pixels of a pair.
inline constexpr int kYuvPairBytes = 4;

/// Pairs of neighbouring pixels of a YuvRow to blend, one per output column; padded to a multiple of kBlock.
///
/// Orders have four bytes per column, for a shuffle of four columns' kYuvPairBytes: kYuvZero, which byte is that of the
/// left pixel, kYuvZero, which is that of the right one.
struct YuvPairs {
  const std::int32_t *luma_offsets, *chroma_offsets;
  const std::uint8_t *luma_orders, *u_orders, *v_orders;
  const std::int16_t* weights;  ///< left, right
  std::size_t count;            ///< multiple of kBlock
};
inline constexpr std::uint8_t kYuvZero = 0x80;

/// Which byte of a pixel is which network channel.
struct PixelLayout {
  int step;      ///< bytes per pixel
  int order[3];  ///< byte of network channel 0, 1, 2
};

/// Three planes of one output row.
template <typename T>
struct PlaneRow {
  T* planes[3];
  std::size_t count;
};
using LevelRow = PlaneRow<std::uint8_t>;

/// (level - mean) * factor, per channel.
struct ChannelScale {
  float mean[3];
  float factor[3];
};

/// Planes of scaled levels.
struct ScaledRow : PlaneRow<float> {
  ChannelScale scale;
};

/// Numbers, or bytes, of a column of a resampled row: up to four channels.
inline constexpr std::size_t kResampledStep = 4;
/// Resampled rows are padded to a multiple of this many numbers.
inline constexpr std::size_t kResampledBlock = 64;
/// Numbers that weigh_columns may read after the last one of a row.
inline constexpr std::size_t kResampleReadAhead = 4;

/// Columns as weighted sums of the pixels of a row; column i's pixels begin at `offsets[i]`.
struct ColumnSums {
  const std::int32_t* offsets;
  const float* weights;  ///< `width` per column
  const float* biases;   ///< what a column's sum begins with
  int width;
  int step;  ///< numbers per pixel
  std::size_t count;
};

/// Columns as sums of four neighbouring pixels in whole weights; padded to a multiple of kBlock.
struct FourTaps {
  const std::int32_t* offsets;     ///< byte offset of the first pixel
  const std::int16_t* weights[2];  ///< of the first two pixels and of the others: four pairs per column
  std::size_t count;               ///< multiple of kBlock
};

/// A row as the weighted sum of others, times `scale`, plus `rounding`, rounded to levels, halves to even.
struct RowSums {
  const float* weights;
  int count;
  float bias;  ///< what the sum begins with
  float scale, rounding;
};

/// Boxes of any number, followed by NaNs up to a multiple of kBlock.
struct BoxColumns {
  const float *x1, *y1, *x2, *y2, *area;
  std::size_t count;
};

/// (value - low) * factor is a level.
struct LevelScale {
  float low, factor;
};

/// Inner loops, one set per instruction set; all sets give the same bits. What is written must not overlap what is
/// read.
struct Kernels {
  /// Blend columns of rows: out[4 i + c] = level << kColumnBits of channel c; the fourth is not meaningful.
  void (*blend_columns)(const std::uint8_t* const* rows, std::size_t row_count, const ColumnPairs& pairs,
                        const PixelLayout& layout, std::int16_t* const* outs);
  /// The same for pixels of luma and chroma; channels are red, green and blue, or the other way around.
  void (*blend_yuv_columns)(const YuvRow* rows, std::size_t row_count, const YuvPairs& pairs, const YuvWeights& weights,
                            bool blue_first, std::int16_t* const* outs);
  /// Levels of red, green and blue and a filler for an even number of pixels of luma and chroma, which is U and V in
  /// turn or V and U.
  void (*convert_yuv)(const YuvRow& row, const YuvWeights& weights, bool v_first, std::size_t count, std::uint8_t* out);
  /// Take every first and every second of `count` pairs of bytes apart, and put them together.
  void (*split_pairs)(const std::uint8_t* pairs, std::size_t count, std::uint8_t* first, std::uint8_t* second);
  void (*join_pairs)(const std::uint8_t* first, const std::uint8_t* second, std::size_t count, std::uint8_t* pairs);
  /// Blend two rows of blended columns, round to levels, spread into planes.
  void (*blend_rows_f32)(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                         const ScaledRow& out);
  void (*blend_rows_u8)(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                        const LevelRow& out);
  /// Spread unscaled pixels into planes.
  void (*spread_f32)(const std::uint8_t* row, const PixelLayout& layout, const ScaledRow& out);
  void (*spread_u8)(const std::uint8_t* row, const PixelLayout& layout, const LevelRow& out);
  /// Weigh levels of red, green and blue to grey, in the first plane.
  void (*grey_f32)(const LevelRow& colors, const ScaledRow& out);
  void (*grey_u8)(const LevelRow& colors, const LevelRow& out);
  /// Levels as numbers.
  void (*widen_row)(const std::uint8_t* levels, std::size_t count, float* out);
  /// kResampledStep sums per column; kResampleReadAhead numbers after the row's last may be read.
  void (*weigh_columns)(const float* row, const ColumnSums& columns, float* out);
  /// kResampledStep sums per column, exact; the fourth is not meaningful.
  void (*sum_four_taps)(const std::uint8_t* row, const FourTaps& taps, const PixelLayout& layout, float* out);
  /// `count` levels, a multiple of kResampledBlock.
  void (*weigh_rows)(const float* const* rows, const RowSums& sums, std::size_t count, std::uint8_t* out);
  /// Write the positions of scores over a threshold, rising; returns how many. `found` has room for `count`.
  std::size_t (*find_over)(const float* scores, std::size_t count, float threshold, std::uint32_t* found);
  /// Position of the largest number, the first of equal ones; NaN is none, `count` where there is no other.
  std::size_t (*find_largest)(const float* values, std::size_t count);
  /// Tell whether a box (x1, y1, x2, y2, area) overlaps any of others by more than a threshold (IoU).
  bool (*overlaps_any)(const BoxColumns& others, const float box[5], float threshold);
  /// out[i] = row[left[i]] + (row[left[i] + 1] - row[left[i]]) * fraction[i]; left rises; kStretchReadAhead
  /// numbers after the last left one may be read; `count` is a multiple of kMapBlock.
  void (*stretch_row)(const float* row, const std::int32_t* left, const float* fraction, std::size_t count, float* out);
  /// Index of the largest of `classes` blended values, per column; class k's rows begin at k * stride; `count` is a
  /// multiple of kMapBlock.
  void (*argmax_u8)(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                    std::size_t count, std::uint8_t* out);
  void (*argmax_i32)(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                     std::size_t count, std::int32_t* out);
  /// Blend two rows.
  void (*lerp_rows)(const float* top, const float* bottom, float fraction, std::size_t count, float* out);
  /// 1 where the blend of two rows is at least kCovered, else 0.
  void (*cover_rows)(const float* top, const float* bottom, float fraction, std::size_t count, std::uint8_t* out);
  /// Numbers to levels, halves to even; NaN becomes 0.
  void (*level_row)(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out);
  /// The same for three rows, interleaved.
  void (*level_rows3)(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out);
};

const Kernels& scalar_kernels();
#ifdef GCV_EDGE_X86
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();
#endif
#ifdef GCV_EDGE_NEON
const Kernels& neon_kernels();
#endif

/// Kernels of the active instruction set.
const Kernels& active_kernels();

}  // namespace gcv
