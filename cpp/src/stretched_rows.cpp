#include "stretched_rows.h"

#include "column_reads.h"

namespace gcv {
namespace {

/// Two stretched rows of a tile should stay in the first-level cache.
constexpr std::size_t kTileBytes = 32 << 10;

std::size_t tile_width(int maps, std::size_t columns) {
  const std::size_t cached = kTileBytes / (2 * sizeof(float) * maps) / kMapBlock * kMapBlock;
  const std::size_t whole = pad_to(columns, kMapBlock);
  return std::min(std::max(cached, kMapBlock), whole);
}

}  // namespace

StretchedRows::StretchedRows(const Maps& maps, const Samples& columns, const Kernels& kernels)
    : maps_(maps),
      kernels_(kernels),
      columns_(columns),
      tile_(tile_width(maps.count, columns.left.size())),
      tiles_((columns.left.size() + tile_ - 1) / tile_),
      cells_(maps.size.width + kStretchReadAhead) {
  columns_.left.resize(tiles_ * tile_, columns.left.back());
  columns_.fraction.resize(tiles_ * tile_, columns.fraction.back());
  for (auto& slot : slots_) slot.values.resize(tiles_ * tile_values());
}

std::pair<const float*, const float*> StretchedRows::rows(int top, int bottom) {
  if (slots_[1].row == top) std::swap(slots_[0], slots_[1]);
  stretch(slots_[0], top);
  stretch(slots_[1], bottom);
  return {slots_[0].values.data(), slots_[1].values.data()};
}

void StretchedRows::stretch(Slot& slot, int row) {
  if (slot.row == row) return;
  for (int k = 0; k < maps_.count; ++k) {
    std::copy_n(maps_.row(k, row), columns_.last + 1, cells_.begin());
    cells_[columns_.last + 1] = cells_[columns_.last];
    for (std::size_t tile = 0; tile < tiles_; ++tile) {
      kernels_.stretch_row(cells_.data(), columns_.left.data() + tile * tile_, columns_.fraction.data() + tile * tile_,
                           tile_, slot.values.data() + tile * tile_values() + k * tile_);
    }
  }
  slot.row = row;
}

}  // namespace gcv
