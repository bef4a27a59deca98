#pragma once

#include <cstdint>
#include <vector>

#include "gcv_edge/image.h"
#include "kernels.h"
#include "taps.h"

namespace gcv {

/// Rounding of sums that lie between two levels.
enum class Rounding { half_to_even, half_up };

/// Makes rows of levels from a frame: weighs rows, then columns. Every thread needs its own.
class Resampler {
 public:
  /// References must outlive it. `pad` is the level of what lies outside the frame.
  Resampler(const ImageView& frame, const Taps& columns, const Taps& rows, float pad, Rounding rounding,
            const Kernels& kernels);

  /// Row `i` of the rows that `rows` describes: kResampledStep bytes for each of `columns`, channels in the frame's
  /// order; valid until the next call.
  const std::uint8_t* row(int i);

 private:
  const ImageView& frame_;
  const Taps& columns_;
  const Taps& rows_;
  const Kernels& kernels_;
  float pad_;
  ColumnSums sums_;
  std::vector<std::int32_t> offsets_;  ///< numbers from the first needed column
  std::vector<float> biases_;
  std::vector<float> weighed_;
  std::vector<std::uint8_t> levels_;
  std::vector<const std::uint8_t*> sources_;
};

}  // namespace gcv
