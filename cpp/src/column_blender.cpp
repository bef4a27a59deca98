#include "column_blender.h"

#include <algorithm>

namespace gcv {

ColumnBlender::ColumnBlender(const ImageView& frame, const PixelLayout& layout, const Axis& columns,
                             const Kernels& kernels)
    : frame_(frame), layout_(layout), kernels_(kernels) {
  plan(columns);
  plan_tail(columns);
  for (Slot& slot : slots_) slot.columns.resize(4 * offsets_.size());
}

void ColumnBlender::plan(const Axis& columns) {
  const std::size_t count = columns.index.size();
  const std::size_t padded = (count + kBlock - 1) / kBlock * kBlock;
  offsets_.resize(padded);
  weights_.resize(8 * padded);
  for (std::size_t i = 0; i < padded; ++i) {
    const std::size_t column = std::min(i, count - 1);
    offsets_[i] = columns.index[column] * layout_.step;
    for (int k = 0; k < 4; ++k) {
      weights_[8 * i + 2 * k] = columns.weight[column];
      weights_[8 * i + 2 * k + 1] = columns.next_weight[column];
    }
  }
}

// Kernels read kReadAhead bytes from a pixel on. Columns for which that would leave the row get their two pixels
// copied into a tail of kReadAhead bytes each.
void ColumnBlender::plan_tail(const Axis& columns) {
  const int last_safe = frame_.width * layout_.step - kReadAhead;
  const auto unsafe = std::partition_point(offsets_.begin(), offsets_.end(),
                                           [last_safe](std::int32_t offset) { return offset <= last_safe; });
  direct_ = static_cast<std::size_t>(unsafe - offsets_.begin()) / kBlock * kBlock;
  for (std::size_t i = direct_; i < offsets_.size(); ++i) {
    tail_left_.push_back(columns.index[std::min(i, columns.index.size() - 1)]);
    offsets_[i] = static_cast<std::int32_t>((i - direct_) * kReadAhead);
  }
  for (auto& tail : tails_) tail.resize(tail_left_.size() * kReadAhead);
}

const std::uint8_t* ColumnBlender::copy_tail(int row, std::vector<std::uint8_t>& tail) const {
  const std::uint8_t* pixels = frame_.row(row);
  std::uint8_t* out = tail.data();
  for (const std::int32_t left : tail_left_) {
    const int right = std::min(left + 1, frame_.width - 1);
    std::copy_n(pixels + static_cast<std::ptrdiff_t>(left) * layout_.step, layout_.step, out);
    std::copy_n(pixels + static_cast<std::ptrdiff_t>(right) * layout_.step, layout_.step, out + layout_.step);
    out += kReadAhead;
  }
  return tail.data();
}

void ColumnBlender::blend(Slot& slot, int row) {
  kernels_.blend_columns(frame_.row(row), direct_pairs(), layout_, slot.columns.data());
  kernels_.blend_columns(copy_tail(row, tails_[0]), tail_pairs(), layout_, slot.columns.data() + 4 * direct_);
  slot.row = row;
}

void ColumnBlender::blend_both(int top, int bottom) {
  const std::uint8_t* rows[2] = {frame_.row(top), frame_.row(bottom)};
  std::int16_t* outs[2] = {slots_[0].columns.data(), slots_[1].columns.data()};
  kernels_.blend_columns2(rows, direct_pairs(), layout_, outs);
  const std::uint8_t* tails[2] = {copy_tail(top, tails_[0]), copy_tail(bottom, tails_[1])};
  std::int16_t* tail_outs[2] = {outs[0] + 4 * direct_, outs[1] + 4 * direct_};
  kernels_.blend_columns2(tails, tail_pairs(), layout_, tail_outs);
  slots_[0].row = top;
  slots_[1].row = bottom;
}

std::pair<const std::int16_t*, const std::int16_t*> ColumnBlender::rows(int top, int bottom) {
  if (slots_[1].row == top) std::swap(slots_[0], slots_[1]);
  const bool need_top = slots_[0].row != top;
  const bool need_bottom = bottom != top && slots_[1].row != bottom;
  if (need_top && need_bottom) {
    blend_both(top, bottom);
  } else if (need_top) {
    blend(slots_[0], top);
  } else if (need_bottom) {
    blend(slots_[1], bottom);
  }
  return {slots_[0].columns.data(), slots_[bottom == top ? 0 : 1].columns.data()};
}

}  // namespace gcv
