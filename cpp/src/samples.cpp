#include "samples.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gcv {
namespace {

/// One side of a placement, and of the map and the frame that it joins.
struct Side {
  double origin, extent;          // source
  int target_begin, target_size;  // target
  int input, cells, frame;
};

/// Cells whose centre lies in the target; the nearest one where the target is smaller than a cell.
std::pair<double, double> seen_cells(const Side& side) {
  const double cell = static_cast<double>(side.input) / side.cells;
  const double end = static_cast<double>(side.target_begin) + side.target_size;
  const double first = std::clamp(std::ceil(side.target_begin / cell - 0.5), 0.0, side.cells - 1.0);
  const double last = std::ceil(end / cell - 0.5) - 1;
  return {first, std::clamp(last, first, side.cells - 1.0)};
}

Samples sample_side(const Side& side) {
  const auto [first, last] = seen_cells(side);
  Samples samples;
  samples.last = static_cast<int>(last);
  samples.left.reserve(side.frame);
  samples.fraction.reserve(side.frame);
  for (int i = 0; i < side.frame; ++i) {
    const double in_input = (i + 0.5 - side.origin) * side.target_size / side.extent + side.target_begin;
    const double cell = std::clamp(in_input * side.cells / side.input - 0.5, first, last);
    const int left = static_cast<int>(cell);
    samples.left.push_back(left);
    samples.fraction.push_back(static_cast<float>(cell - left));
  }
  return samples;
}

}  // namespace

FrameSamples sample_map(const Placement& placement, Size map, Size input, Size frame) {
  const RectF& source = placement.source();
  const Rect& target = placement.target();
  return {sample_side({source.x, source.width, target.x, target.width, input.width, map.width, frame.width}),
          sample_side({source.y, source.height, target.y, target.height, input.height, map.height, frame.height})};
}

}  // namespace gcv
