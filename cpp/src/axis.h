#pragma once

#include <cstdint>

#include "gcv_edge/interpolation.h"
#include "scratch.h"

namespace gcv {

/// Where the pixels of one side of a target sample the frame.
///
/// Target pixels `first` to `first + index.size() - 1` have their centre inside the frame. Each blends frame pixels
/// `index` and `next`, with weights in units of kWeightOne.
struct Axis {
  int first = 0;
  Scratch<std::int32_t> index;
  Scratch<std::int32_t> next;  ///< `index` + 1, or `index` at the frame's end
  Scratch<std::int16_t> weight;
  Scratch<std::int16_t> next_weight;

  int count() const { return static_cast<int>(index.size()); }
  bool is_identity() const;
};

/// The frame's side that a side of a target shows: `target` pixels sample [origin, origin + extent) of `frame` pixels.
struct SampledSide {
  SampledSide(double begin, double length, int pixels, int frame_pixels)
      : origin(begin), extent(length), step(1 / (pixels / length)), target(pixels), frame(frame_pixels) {}

  double origin, extent;
  double step;  ///< frame pixels per target pixel, OpenCV's bits
  int target, frame;
};

/// Call fill(target pixel) for all whose centre lies inside the frame.
template <typename Fill>
void for_each_inside(const SampledSide& side, const Fill& fill) {
  for (int i = 0; i < side.target; ++i) {
    const double centre = side.origin + (i + 0.5) * side.step;
    if (centre >= 0 && centre < side.frame) fill(i);
  }
}

/// How OpenCV treats pixels at the frame's edges: columns have whole weights there, rows are blended with themselves.
enum class Edges { whole, blended };

/// `interpolation` is bilinear or area; area is what OpenCV takes for it where not both sides shrink.
Axis make_axis(const SampledSide& side, Interpolation interpolation, Edges edges);

}  // namespace gcv
