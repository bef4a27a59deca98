#pragma once

#include <cstdint>

#include "axis.h"
#include "blended_rows.h"
#include "column_reads.h"
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
  ColumnPairs direct_pairs() const { return {offsets_.data(), weights_.data(), tail_.direct()}; }
  ColumnPairs tail_pairs() const {
    return {offsets_.data() + tail_.direct(), weights_.data() + 8 * tail_.direct(), tail_.count()};
  }

  const ImageView& frame_;
  PixelLayout layout_;
  const Kernels& kernels_;
  Scratch<std::int32_t> offsets_;
  Scratch<std::int16_t> weights_;
  RowTail tail_;
  Scratch<std::uint8_t> copies_[2];  ///< of the ends of rows
};

}  // namespace gcv
