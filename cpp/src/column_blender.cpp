#include "column_blender.h"

#include <algorithm>

namespace gcv {

ColumnBlender::ColumnBlender(const ImageView& frame, const PixelLayout& layout, const Axis& columns,
                             const Kernels& kernels)
    : frame_(frame), layout_(layout), kernels_(kernels) {
  plan(columns);
  tail_ = RowTail(offsets_, frame.width * layout.step, layout.step);
  for (auto& copy : copies_) copy.resize(tail_.bytes());
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

void ColumnBlender::blend(const int* rows, std::size_t count, std::int16_t* const* outs) {
  const std::uint8_t* pixels[2] = {};
  for (std::size_t i = 0; i < count; ++i) pixels[i] = frame_.row(rows[i]);
  kernels_.blend_columns(pixels, count, direct_pairs(), layout_, outs);
  if (tail_.count() == 0) return;
  const std::uint8_t* tails[2] = {};
  std::int16_t* tail_outs[2] = {};
  for (std::size_t i = 0; i < count; ++i) {
    tail_.copy(pixels[i], copies_[i].data());
    tails[i] = copies_[i].data();
    tail_outs[i] = outs[i] + 4 * tail_.direct();
  }
  kernels_.blend_columns(tails, count, tail_pairs(), layout_, tail_outs);
}

}  // namespace gcv
