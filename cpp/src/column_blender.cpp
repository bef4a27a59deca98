#include "column_blender.h"

#include <algorithm>

#include "column_reads.h"

namespace gcv {

ColumnBlender::ColumnBlender(const ImageView& frame, const PixelLayout& layout, const Axis& columns,
                             const Kernels& kernels)
    : frame_(frame), layout_(layout), kernels_(kernels) {
  plan(columns);
  plan_tail(columns);
}

void ColumnBlender::plan(const Axis& columns) {
  const std::size_t count = columns.index.size();
  const std::size_t padded = pad_to(count, kBlock);
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
  direct_ = count_direct(offsets_, frame_.width * layout_.step);
  for (std::size_t i = direct_; i < offsets_.size(); ++i) {
    tail_left_.push_back(columns.index[std::min(i, columns.index.size() - 1)]);
    offsets_[i] = static_cast<std::int32_t>((i - direct_) * kReadAhead);
  }
  for (auto& tail : tails_) tail.resize(tail_left_.size() * kReadAhead);
}

const std::uint8_t* ColumnBlender::copy_tail(int row, Scratch<std::uint8_t>& tail) const {
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

void ColumnBlender::blend(const int* rows, std::size_t count, std::int16_t* const* outs) {
  const std::uint8_t *pixels[2], *tails[2];
  std::int16_t* tail_outs[2];
  for (std::size_t i = 0; i < count; ++i) {
    pixels[i] = frame_.row(rows[i]);
    tails[i] = copy_tail(rows[i], tails_[i]);
    tail_outs[i] = outs[i] + 4 * direct_;
  }
  kernels_.blend_columns(pixels, count, direct_pairs(), layout_, outs);
  kernels_.blend_columns(tails, count, tail_pairs(), layout_, tail_outs);
}

}  // namespace gcv
