#include "yuv_columns.h"

#include <algorithm>

#include "column_reads.h"
#include "yuv.h"

namespace gcv {
namespace {

/// Where kYuvPairBytes are read that have a byte and some after it: not beyond the row.
std::int32_t read_offset(int first, int row_bytes) { return std::max(std::min(first, row_bytes - kYuvPairBytes), 0); }

}  // namespace

YuvColumns::YuvColumns(const ImageView& frame, bool blue_first, const Axis& columns, const Kernels& kernels)
    : rows_(frame, kernels),
      kernels_(kernels),
      width_(frame.width),
      v_first_(frame.format == PixelFormat::nv21),
      blue_first_(blue_first),
      weights_(yuv_weights(frame.matrix, frame.range)) {
  const std::size_t count = columns.index.size();
  for (std::size_t i = 0; i < pad_to(count, kBlock); ++i) {
    const std::size_t column = std::min(i, count - 1);
    append(columns.index[column], columns.next[column], columns.weight[column], columns.next_weight[column]);
  }
}

void YuvColumns::append(int left, int right, std::int16_t weight, std::int16_t next_weight) {
  const auto quad = static_cast<int>(luma_offsets_.size() % 4) * kYuvPairBytes;
  const auto add_order = [quad](Scratch<std::uint8_t>& orders, int first, int second) {
    for (const int byte : {first, second}) {
      orders.push_back(kYuvZero);
      orders.push_back(static_cast<std::uint8_t>(quad + byte));
    }
  };
  const int left_chroma = left / 2 * 2, right_chroma = right / 2 * 2;
  const int luma = read_offset(left, width_), chroma = read_offset(left_chroma, width_);
  luma_offsets_.push_back(luma);
  chroma_offsets_.push_back(chroma);
  add_order(luma_orders_, left - luma, right - luma);
  add_order(v_first_ ? v_orders_ : u_orders_, left_chroma - chroma, right_chroma - chroma);
  add_order(v_first_ ? u_orders_ : v_orders_, left_chroma + 1 - chroma, right_chroma + 1 - chroma);
  blend_weights_.push_back(weight);
  blend_weights_.push_back(next_weight);
}

void YuvColumns::blend(const int* rows, std::size_t count, std::int16_t* const* outs) {
  YuvRow both[2];
  for (std::size_t i = 0; i < count; ++i) both[i] = rows_.row(rows[i]);
  const YuvPairs pairs{luma_offsets_.data(), chroma_offsets_.data(), luma_orders_.data(), u_orders_.data(),
                       v_orders_.data(),     blend_weights_.data(),  luma_offsets_.size()};
  kernels_.blend_yuv_columns(both, count, pairs, weights_, blue_first_, outs);
}

}  // namespace gcv
