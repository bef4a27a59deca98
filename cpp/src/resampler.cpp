#include "resampler.h"

namespace gcv {

Resampler::Resampler(const ImageView& frame, const Taps& columns, const Taps& rows, float pad, const Kernels& kernels)
    : frame_(frame),
      columns_(columns),
      rows_(rows),
      kernels_(kernels),
      pad_(pad),
      kept_(rows.width),
      sources_(rows.width) {
  const int step = channel_count(frame.format);
  const auto count = static_cast<std::size_t>(columns.count());
  offsets_.reserve(count);
  for (const std::int32_t index : columns.index) offsets_.push_back((index - columns.begin()) * step);
  biases_.reserve(count);
  for (const float outside : columns.outside) biases_.push_back(outside * pad);
  wide_.resize(static_cast<std::size_t>(columns.end() - columns.begin()) * step + kResampleReadAhead);
  const std::size_t padded = (count * kResampledStep + kResampledBlock - 1) / kResampledBlock * kResampledBlock;
  for (Weighed& weighed : kept_) weighed.columns.resize(padded);
  levels_.resize(padded);
  column_sums_ = {offsets_.data(), columns.weights.data(), biases_.data(), columns.width, step, count};
  row_sums_ = {nullptr, rows.width, 0, 1 / (columns.total * rows.total), rows.rounding};
}

const float* Resampler::weigh(int row) {
  Weighed& place = kept_[static_cast<std::size_t>(row) % kept_.size()];
  if (place.row != row) {
    const std::uint8_t* levels = frame_.row(row) + static_cast<std::ptrdiff_t>(columns_.begin()) * column_sums_.step;
    kernels_.widen_row(levels, wide_.size() - kResampleReadAhead, wide_.data());
    kernels_.weigh_columns(wide_.data(), column_sums_, place.columns.data());
    place.row = row;
  }
  return place.columns.data();
}

const std::uint8_t* Resampler::row(int i) {
  row_sums_.weights = &rows_.weights[static_cast<std::size_t>(i) * rows_.width];
  row_sums_.bias = rows_.outside[i] * pad_ * columns_.total;
  row_sums_.count = 0;
  for (int k = 0; k < rows_.width; ++k) {
    if (row_sums_.weights[k] != 0) row_sums_.count = k + 1;
  }
  for (int k = 0; k < row_sums_.count; ++k) sources_[k] = weigh(rows_.index[i] + k);
  kernels_.weigh_rows(sources_.data(), row_sums_, levels_.size(), levels_.data());
  return levels_.data();
}

}  // namespace gcv
