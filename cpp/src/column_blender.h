#pragma once

#include <cstdint>

#include "axis.h"
#include "blended_rows.h"
#include "gcv_edge/image.h"
#include "kernels.h"
#include "scratch.h"

namespace gcv {

/// Blends the columns of rows of a frame whose pixels are colours.
class ColumnBlender : public RowBlender {
 public:
  ColumnBlender(const ImageView& frame, const PixelLayout& layout, const Axis& columns, const Kernels& kernels);

  std::size_t padded_columns() const override { return offsets_.size(); }
  void blend(const int* rows, std::size_t count, std::int16_t* const* outs) override;

 private:
  void plan(const Axis& columns);
  void plan_tail();
  const std::uint8_t* copy_tail(int row, Scratch<std::uint8_t>& tail) const;
  ColumnPairs direct_pairs() const { return {offsets_.data(), weights_.data(), direct_}; }
  ColumnPairs tail_pairs() const {
    return {offsets_.data() + direct_, weights_.data() + 8 * direct_, offsets_.size() - direct_};
  }

  const ImageView& frame_;
  PixelLayout layout_;
  const Kernels& kernels_;
  Scratch<std::int32_t> offsets_;
  Scratch<std::int16_t> weights_;
  std::size_t direct_ = 0;  ///< columns read straight from the frame; the others from a tail
  int tail_begin_ = 0;      ///< byte of a row where the tail begins
  Scratch<std::uint8_t> tails_[2];
};

}  // namespace gcv
