#include "column_blender.h"

#include <algorithm>

#include "column_reads.h"

namespace gcv {

ColumnBlender::ColumnBlender(const ImageView& frame, const PixelLayout& layout, const Axis& columns,
                             const Kernels& kernels)
    : frame_(frame), layout_(layout), kernels_(kernels) {
  plan(columns);
  plan_tail();
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

// Kernels read kReadAhead bytes from a pixel on. Columns for which that would leave the row are read from a copy of the
// row's end, in which the last pixel comes twice: it is its own right neighbour.
void ColumnBlender::plan_tail() {
  const int row_bytes = frame_.width * layout_.step;
  direct_ = count_direct(offsets_, row_bytes);
  if (direct_ == offsets_.size()) return;
  tail_begin_ = offsets_[direct_];
  for (std::size_t i = direct_; i < offsets_.size(); ++i) offsets_[i] -= tail_begin_;
  for (auto& tail : tails_) tail.resize(static_cast<std::size_t>(row_bytes - tail_begin_) + kReadAhead);
}

const std::uint8_t* ColumnBlender::copy_tail(int row, Scratch<std::uint8_t>& tail) const {
  const std::uint8_t* pixels = frame_.row(row);
  const int row_bytes = frame_.width * layout_.step;
  std::uint8_t* end = std::copy(pixels + tail_begin_, pixels + row_bytes, tail.data());
  for (int k = 0; k < layout_.step; ++k) end[k] = end[k - layout_.step];
  return tail.data();
}

void ColumnBlender::blend(const int* rows, std::size_t count, std::int16_t* const* outs) {
  const std::uint8_t* pixels[2] = {};
  for (std::size_t i = 0; i < count; ++i) pixels[i] = frame_.row(rows[i]);
  kernels_.blend_columns(pixels, count, direct_pairs(), layout_, outs);
  if (direct_ == offsets_.size()) return;
  const std::uint8_t* tails[2] = {};
  std::int16_t* tail_outs[2] = {};
  for (std::size_t i = 0; i < count; ++i) {
    tails[i] = copy_tail(rows[i], tails_[i]);
    tail_outs[i] = outs[i] + 4 * direct_;
  }
  kernels_.blend_columns(tails, count, tail_pairs(), layout_, tail_outs);
}

}  // namespace gcv
