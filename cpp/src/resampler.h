#pragma once

#include <cstdint>
#include <vector>

#include "gcv_edge/image.h"
#include "kernels.h"
#include "taps.h"

namespace gcv {

/// Makes rows of levels from a frame: weighs columns, then rows, and keeps the frame's rows that the next needs.
/// Every thread needs its own.
class Resampler {
 public:
  /// References must outlive it. `pad` is the level of what lies outside the frame.
  Resampler(const ImageView& frame, const Taps& columns, const Taps& rows, float pad, const Kernels& kernels);

  /// Row `i` of those that `rows` describes: kResampledStep bytes for each of `columns`, channels in the frame's
  /// order; valid until the next call.
  const std::uint8_t* row(int i);

 private:
  struct Weighed {
    int row = -1;
    std::vector<float> columns;
  };

  const float* weigh(int row);

  const ImageView& frame_;
  const Taps& columns_;
  const Taps& rows_;
  const Kernels& kernels_;
  float pad_;
  ColumnSums column_sums_;
  RowSums row_sums_;
  std::vector<std::int32_t> offsets_;  ///< numbers from the first needed column
  std::vector<float> biases_;
  std::vector<float> wide_;
  std::vector<Weighed> kept_;  ///< frame row y is in place y modulo their number
  std::vector<const float*> sources_;
  std::vector<std::uint8_t> levels_;
};

}  // namespace gcv
