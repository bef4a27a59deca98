#pragma once

#include <cstdint>
#include <vector>

namespace gcv {

/// Where the pixels of one side of a target sample the frame.
///
/// Target pixels `first` to `first + index.size() - 1` have their centre inside the frame. Each blends frame pixels
/// `index` and `index + 1` with `fraction` / kWeightOne of the second; a fraction is only over 0 where both exist.
struct Axis {
  int first = 0;
  std::vector<std::int32_t> index;
  std::vector<std::int16_t> fraction;

  int count() const { return static_cast<int>(index.size()); }
  bool is_identity() const;
};

/// Sample `target` pixels evenly from [origin, origin + extent) of a side of `frame` pixels, half-pixel centres.
Axis make_axis(double origin, double extent, int target, int frame);

}  // namespace gcv
