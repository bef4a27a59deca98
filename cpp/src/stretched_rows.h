#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "gcv_edge/placement.h"
#include "kernels.h"
#include "samples.h"
#include "scratch.h"

namespace gcv {

/// Maps as [count, size.height, size.width].
struct Maps {
  const float* values;
  int count;
  Size size;

  const float* row(int k, int y) const { return values + (static_cast<std::size_t>(k) * size.height + y) * size.width; }
};

/// Rows of maps stretched to new columns, as [tile, map, column of the tile]; the last two are kept.
///
/// Tiles are so narrow that two rows of one stay in the first-level cache, and a multiple of kMapBlock wide.
class StretchedRows {
 public:
  StretchedRows(const Maps& maps, const Samples& columns, const Kernels& kernels);

  std::size_t tile() const { return tile_; }
  std::size_t tiles() const { return tiles_; }
  std::size_t tile_values() const { return tile_ * maps_.count; }

  /// Two stretched rows (`top` <= `bottom`, both rising); valid until the next call.
  std::pair<const float*, const float*> rows(int top, int bottom);

 private:
  struct Slot {
    int row = -1;
    Scratch<float> values;
  };

  void stretch(Slot& slot, int row);

  Maps maps_;
  const Kernels& kernels_;
  Samples columns_;
  std::size_t tile_;  ///< columns of a tile
  std::size_t tiles_;
  Scratch<float> cells_;
  Slot slots_[2];
};

/// Call `fill(y, x, above, below, fraction)` for every line and tile of a frame: the two stretched rows that line y
/// blends, from column x on. Lines between the same two rows follow each other tile by tile.
template <typename Fill>
void for_each_tile(StretchedRows& stretched, const Samples& lines, Fill fill) {
  for (int begin = 0, end = 0; begin < lines.count(); begin = end) {
    const int top = lines.left[begin];
    while (end < lines.count() && lines.left[end] == top) ++end;
    const auto [upper, lower] = stretched.rows(top, std::min(top + 1, lines.last));
    for (std::size_t i = 0; i < stretched.tiles(); ++i) {
      const float* above = upper + i * stretched.tile_values();
      const float* below = lower + i * stretched.tile_values();
      for (int y = begin; y < end; ++y) {
        const float fraction = lines.fraction[y];
        fill(y, i * stretched.tile(), above, fraction == 0 ? above : below, fraction);
      }
    }
  }
}

}  // namespace gcv
