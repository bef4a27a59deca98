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

/// Where the pixels of one side of the frame sample the logits.
struct Samples {
  std::vector<std::int32_t> left;
  std::vector<float> fraction;
};

/// Cells whose centre lies in the target; the nearest one where the target is smaller than a cell.
std::pair<int, int> seen_cells(int target_begin, int target_size, int input, int cells) {
  const double cell = static_cast<double>(input) / cells;
  const int first = static_cast<int>(std::ceil(target_begin / cell - 0.5));
  const int last = static_cast<int>(std::ceil((target_begin + target_size) / cell - 0.5)) - 1;
  const int clamped = std::clamp(first, 0, cells - 1);
  return {clamped, std::clamp(last, clamped, cells - 1)};
}

Samples sample_side(double origin, double extent, int target_begin, int target_size, int input, int cells, int frame) {
  const auto [first, last] = seen_cells(target_begin, target_size, input, cells);
  Samples samples;
  for (int i = 0; i < frame; ++i) {
    const double in_input = (i + 0.5 - origin) * target_size / extent + target_begin;
    const double cell =
        std::clamp(in_input * cells / input - 0.5, static_cast<double>(first), static_cast<double>(last));
    const int left = static_cast<int>(cell);
    samples.left.push_back(left);
    samples.fraction.push_back(static_cast<float>(cell - left));
  }
  return samples;
}

/// Logits rows of all classes stretched to the frame's width; the last two are kept.
class StretchedRows {
 public:
  StretchedRows(const float* logits, int classes, Size map, Samples columns, const Kernels& kernels)
      : logits_(logits),
        classes_(classes),
        map_(map),
        columns_(std::move(columns)),
        kernels_(kernels),
        padded_(map.width + kStretchReadAhead) {
    for (auto& slot : slots_) slot.values.resize(columns_.left.size() * classes);
  }

  std::size_t width() const { return columns_.left.size(); }

  std::pair<const float*, const float*> rows(int top, int bottom) {
    if (slots_[1].row == top) std::swap(slots_[0], slots_[1]);
    stretch(slots_[0], top);
    if (bottom == top) return {slots_[0].values.data(), slots_[0].values.data()};
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
    for (int k = 0; k < classes_; ++k) {
      const float* cells = logits_ + (static_cast<std::size_t>(k) * map_.height + row) * map_.width;
      std::copy_n(cells, map_.width, padded_.begin());
      padded_[map_.width] = cells[map_.width - 1];
      kernels_.stretch_row(padded_.data(), columns_.left.data(), columns_.fraction.data(), width(),
                           slot.values.data() + k * width());
    }
    slot.row = row;
  }

  const float* logits_;
  int classes_;
  Size map_;
  Samples columns_;
  const Kernels& kernels_;
  std::vector<float> padded_;
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

template <typename T, typename Argmax>
void segment_rows(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
                  Argmax argmax, T* out) {
  check(classes, map, input, frame);
  const RectF& source = placement.source();
  const Rect& target = placement.target();
  const Samples lines =
      sample_side(source.y, source.height, target.y, target.height, input.height, map.height, frame.height);
  StretchedRows stretched(
      logits, classes, map,
      sample_side(source.x, source.width, target.x, target.width, input.width, map.width, frame.width),
      active_kernels());
  for (int y = 0; y < frame.height; ++y) {
    const int top = lines.left[y];
    const auto [upper, lower] = stretched.rows(top, lines.fraction[y] == 0 ? top : top + 1);
    argmax(upper, lower, lines.fraction[y], stretched.width(), classes, stretched.width(),
           out + static_cast<std::size_t>(y) * frame.width);
  }
}

}  // namespace

void segment(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
             std::uint8_t* out) {
  if (classes > 256) {
    throw ArgumentError("logits: found " + std::to_string(classes) + " classes, expected at most 256 for 8-bit ids");
  }
  segment_rows(logits, classes, map, placement, input, frame, active_kernels().argmax_u8, out);
}

void segment(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
             std::int32_t* out) {
  segment_rows(logits, classes, map, placement, input, frame, active_kernels().argmax_i32, out);
}

}  // namespace gcv
