#pragma once

#include <cstdint>

#include "gcv_edge/placement.h"
#include "scratch.h"

namespace gcv {

/// Where the pixels of one side of a frame sample a map: cell `left` and its right neighbour.
struct Samples {
  Scratch<std::int32_t> left;  ///< rises
  Scratch<float> fraction;     ///< of the right one
  int last = 0;                ///< last cell that counts; its right neighbour is itself

  int count() const { return static_cast<int>(left.size()); }
};

/// Columns and lines of a frame.
struct FrameSamples {
  Samples columns, lines;
};

/// Sample a map that covers a network's input of size `input` at every frame pixel: bilinear, half-pixel centres.
///
/// Cells whose centre lies outside the placement's target do not count; pixels beyond the others repeat the outermost.
FrameSamples sample_map(const Placement& placement, Size map, Size input, Size frame);

}  // namespace gcv
