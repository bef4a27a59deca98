#pragma once

#include <cstdint>

#include "axis.h"
#include "blended_rows.h"
#include "gcv_edge/image.h"
#include "kernels.h"
#include "scratch.h"
#include "yuv_rows.h"

namespace gcv {

/// Blends the columns of rows of a frame of luma and chroma: only pixels that are blended become colours.
class YuvColumns : public RowBlender {
 public:
  /// `blue_first` is the order of the network's channels.
  YuvColumns(const ImageView& frame, bool blue_first, const Axis& columns, const Kernels& kernels);

  std::size_t padded_columns() const override { return luma_offsets_.size(); }
  void blend(const int* rows, std::size_t count, std::int16_t* const* outs) override;

 private:
  void append(int left, int right, std::int16_t weight, std::int16_t next_weight);

  YuvRows rows_;
  const Kernels& kernels_;
  int width_;
  bool v_first_, blue_first_;
  YuvWeights weights_;
  Scratch<std::int32_t> luma_offsets_, chroma_offsets_;
  Scratch<std::uint8_t> luma_orders_, u_orders_, v_orders_;
  Scratch<std::int16_t> blend_weights_;
};

}  // namespace gcv
