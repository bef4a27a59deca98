#pragma once

#include <cstdint>
#include <optional>

#include "column_reads.h"
#include "gcv_edge/image.h"
#include "kernels.h"
#include "pixel_rows.h"
#include "scratch.h"
#include "taps.h"

namespace gcv {

/// Sums of four pixels in whole weights (bicubic), straight from rows of pixels.
class FourTapRow {
 public:
  FourTapRow(const PixelRows& pixels, const Taps& columns, const Kernels& kernels);

  static bool fits(const Taps& columns) { return columns.width == 4 && columns.total == kWeightOne; }

  /// Sum the columns of a row.
  void sum(const std::uint8_t* row, float* out);

 private:
  const Kernels& kernels_;
  PixelLayout layout_;
  Scratch<std::int32_t> offsets_;
  Scratch<std::int16_t> weights_[2];
  RowTail tail_;
  Scratch<std::uint8_t> copy_;  ///< of the end of a row
};

/// Makes rows of levels from a frame: weighs columns, then rows, and keeps the frame's rows that the next needs.
/// Every thread needs its own.
class Resampler {
 public:
  /// References must outlive it. `pad` is the level of what lies outside the frame.
  Resampler(const ImageView& frame, const TapsPair& taps, float pad, const Kernels& kernels);

  /// Row `i` of those that the taps describe: kResampledStep bytes for each of their columns, channels in the frame's
  /// order; valid until the next call.
  const std::uint8_t* row(int i);

 private:
  struct WeighedRow {
    int row = -1;
    Scratch<float> columns;
  };

  const float* weigh(int row);
  void weigh_any(const std::uint8_t* row, float* out);

  PixelRows pixels_;
  const Taps& columns_;
  const Taps& rows_;
  const Kernels& kernels_;
  float pad_;
  ColumnSums column_sums_;
  RowSums row_sums_;
  Scratch<std::int32_t> offsets_;  ///< numbers from the first needed column
  Scratch<float> biases_;
  Scratch<float> wide_;
  std::optional<FourTapRow> four_taps_;
  ScratchObjects<WeighedRow> kept_;  ///< frame row y is in place y modulo their number
  Scratch<const float*> sources_;
  Scratch<std::uint8_t> levels_;
};

}  // namespace gcv
