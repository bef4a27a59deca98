#include "gcv_edge/segmentation.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gcv_edge/error.h"
#include "kernels.h"

namespace gcv {
namespace {

/// Columns that the argmax kernels take at a time.
constexpr std::size_t kColumnBlock = 64;
/// Two stretched rows of a tile should stay in the first-level cache.
constexpr std::size_t kTileBytes = 32 << 10;

/// Where the pixels of one side of the frame sample the logits.
struct Samples {
  std::vector<std::int32_t> left;
  std::vector<float> fraction;  ///< of the right one
  int last = 0;                 ///< last cell that the network saw
};

/// Cells whose centre lies in the target; the nearest one where the target is smaller than a cell.
std::pair<double, double> seen_cells(double target_begin, double target_size, int input, int cells) {
  const double cell = static_cast<double>(input) / cells;
  const double first = std::clamp(std::ceil(target_begin / cell - 0.5), 0.0, cells - 1.0);
  const double last = std::ceil((target_begin + target_size) / cell - 0.5) - 1;
  return {first, std::clamp(last, first, cells - 1.0)};
}

Samples sample_side(double origin, double extent, int target_begin, int target_size, int input, int cells, int frame) {
  const auto [first, last] = seen_cells(target_begin, target_size, input, cells);
  Samples samples;
  samples.last = static_cast<int>(last);
  for (int i = 0; i < frame; ++i) {
    const double in_input = (i + 0.5 - origin) * target_size / extent + target_begin;
    const double cell = std::clamp(in_input * cells / input - 0.5, first, last);
    const int left = static_cast<int>(cell);
    samples.left.push_back(left);
    samples.fraction.push_back(static_cast<float>(cell - left));
  }
  return samples;
}

/// Logits as [classes, height, width].
struct Logits {
  const float* values;
  int classes;
  Size size;

  const float* row(int k, int y) const { return values + (static_cast<std::size_t>(k) * size.height + y) * size.width; }
};

std::size_t tile_width(int classes, int columns) {
  const std::size_t cached = kTileBytes / (2 * sizeof(float) * classes) / kColumnBlock * kColumnBlock;
  const std::size_t whole = (columns + kColumnBlock - 1) / kColumnBlock * kColumnBlock;
  return std::min(std::max(cached, kColumnBlock), whole);
}

/// Rows of logits stretched to the frame's width, as [tile, class, column of the tile]; the last two are kept.
class StretchedRows {
 public:
  StretchedRows(const Logits& logits, const Samples& columns, const Kernels& kernels)
      : logits_(logits),
        kernels_(kernels),
        columns_(columns),
        tile_(tile_width(logits.classes, static_cast<int>(columns.left.size()))),
        tiles_((columns.left.size() + tile_ - 1) / tile_),
        cells_(logits.size.width + kStretchReadAhead) {
    columns_.left.resize(tiles_ * tile_, columns.left.back());
    columns_.fraction.resize(tiles_ * tile_, columns.fraction.back());
    for (auto& slot : slots_) slot.values.resize(tiles_ * tile_ * logits.classes);
  }

  std::size_t tile() const { return tile_; }
  std::size_t tiles() const { return tiles_; }

  std::pair<const float*, const float*> rows(int top, int bottom) {
    if (slots_[1].row == top) std::swap(slots_[0], slots_[1]);
    stretch(slots_[0], top);
    stretch(slots_[1], bottom);
    return {slots_[0].values.data(), slots_[1].values.data()};
  }

 private:
  struct Slot {
    int row = -1;
    std::vector<float> values;
  };

  void stretch(Slot& slot, int row) {
    if (slot.row == row) return;
    for (int k = 0; k < logits_.classes; ++k) {
      std::copy_n(logits_.row(k, row), columns_.last + 1, cells_.begin());
      cells_[columns_.last + 1] = cells_[columns_.last];
      for (std::size_t tile = 0; tile < tiles_; ++tile) {
        kernels_.stretch_row(cells_.data(), columns_.left.data() + tile * tile_,
                             columns_.fraction.data() + tile * tile_, tile_,
                             slot.values.data() + (tile * logits_.classes + k) * tile_);
      }
    }
    slot.row = row;
  }

  Logits logits_;
  const Kernels& kernels_;
  Samples columns_;
  std::size_t tile_;  ///< columns of a tile
  std::size_t tiles_;
  std::vector<float> cells_;
  Slot slots_[2];
};

void check(int classes, Size map, Size input, Size frame) {
  for (const auto& [name, size] :
       {std::pair("logits", map), std::pair("input_size", input), std::pair("frame_size", frame)}) {
    if (size.width < 1 || size.height < 1) {
      throw ArgumentError(std::string(name) + ": found " + std::to_string(size.width) + "x" +
                          std::to_string(size.height) + ", expected at least 1x1");
    }
  }
  if (classes < 1) throw ArgumentError("logits: found no class, expected at least one");
}

/// Frame rows between the same two rows of logits.
int group_end(const Samples& lines, int begin) {
  const auto first = lines.left.begin() + begin;
  return static_cast<int>(std::find_if(first, lines.left.end(), [first](int left) { return left != *first; }) -
                          lines.left.begin());
}

template <typename T, typename Argmax>
void segment_all(const float* values, int classes, Size map, const Placement& placement, Size input, Size frame,
                 Argmax argmax, T* out) {
  check(classes, map, input, frame);
  const RectF& source = placement.source();
  const Rect& target = placement.target();
  const Samples lines =
      sample_side(source.y, source.height, target.y, target.height, input.height, map.height, frame.height);
  StretchedRows stretched(
      {values, classes, map},
      sample_side(source.x, source.width, target.x, target.width, input.width, map.width, frame.width),
      active_kernels());
  const auto width = static_cast<std::size_t>(frame.width);
  const std::size_t tile = stretched.tile();
  std::vector<T> ids(tile);
  for (int begin = 0, end = 0; begin < frame.height; begin = end) {
    end = group_end(lines, begin);
    const int top = lines.left[begin];
    const auto [upper, lower] = stretched.rows(top, std::min(top + 1, lines.last));
    for (std::size_t i = 0; i < stretched.tiles(); ++i) {
      const float* above = upper + i * tile * classes;
      const float* below = lower + i * tile * classes;
      for (int y = begin; y < end; ++y) {
        argmax(above, lines.fraction[y] == 0 ? above : below, lines.fraction[y], tile, classes, tile, ids.data());
        std::copy_n(ids.begin(), std::min(tile, width - i * tile), out + y * width + i * tile);
      }
    }
  }
}

}  // namespace

void segment(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
             std::uint8_t* out) {
  if (classes > 256) {
    throw ArgumentError("logits: found " + std::to_string(classes) + " classes, expected at most 256 for 8-bit ids");
  }
  segment_all(logits, classes, map, placement, input, frame, active_kernels().argmax_u8, out);
}

void segment(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
             std::int32_t* out) {
  segment_all(logits, classes, map, placement, input, frame, active_kernels().argmax_i32, out);
}

}  // namespace gcv
