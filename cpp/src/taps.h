#pragma once

#include <cstdint>

#include "axis.h"
#include "gcv_edge/interpolation.h"
#include "scratch.h"

namespace gcv {

/// Which frame pixels, weighed how, make each pixel of one side of a target.
///
/// Target pixel `first + i` is the sum of frame pixels `index[i]` to `index[i] + width - 1`, weighed with
/// `weights[i * width]` and on, plus `outside[i]` times the padding. Both together add up to `total`.
struct Taps {
  int first = 0;
  int width = 1;
  float total = 1;
  float rounding = 0;       ///< added before rounding, which takes halves to even
  bool are_levels = false;  ///< sums are rounded to levels before the other side's are made
  Scratch<std::int32_t> index;
  Scratch<float> weights;
  Scratch<float> outside;

  int count() const { return static_cast<int>(index.size()); }
  /// Frame pixels [begin, end) that any target pixel needs.
  int begin() const { return index.front(); }
  int end() const { return index.back() + width; }
};

/// Taps of both sides. `interpolation` is nearest, area, bicubic, warp or lanczos; area needs steps of at least 1.
struct TapsPair {
  Taps columns, rows;
};

TapsPair make_taps(const SampledSide& columns, const SampledSide& rows, Interpolation interpolation);

}  // namespace gcv
