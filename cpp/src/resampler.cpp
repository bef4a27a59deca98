#include "resampler.h"

#include <algorithm>

#include "rounding.h"

namespace gcv {
namespace {

/// Where the channels lie that are looked at, in the order of the pixels.
PixelLayout channels_of(const PixelRows& pixels) {
  const int step = pixels.step();
  return step == 1 ? PixelLayout{1, {0, 0, 0}} : PixelLayout{step, {0, 1, 2}};
}

void round_to_levels(Scratch<float>& sums) {
  for (float& sum : sums) sum = std::clamp(round_even(sum), 0.0f, 255.0f);
}

}  // namespace

FourTapRow::FourTapRow(const PixelRows& pixels, const Taps& columns, const Kernels& kernels)
    : kernels_(kernels), layout_(channels_of(pixels)) {
  const std::size_t count = columns.index.size(), padded = pad_to(count, kBlock);
  for (std::size_t i = 0; i < padded; ++i) {
    const std::size_t column = std::min(i, count - 1);
    offsets_.push_back(columns.index[column] * layout_.step);
    for (int half = 0; half < 2; ++half) {
      const float* weights = &columns.weights[4 * column + 2 * half];
      for (int k = 0; k < 8; ++k) weights_[half].push_back(static_cast<std::int16_t>(weights[k % 2]));
    }
  }
  tail_ = RowTail(offsets_, pixels.row_bytes(), layout_.step);
  copy_.resize(tail_.bytes());
}

void FourTapRow::sum(const std::uint8_t* row, float* out) {
  const std::size_t direct = tail_.direct();
  kernels_.sum_four_taps(row, {offsets_.data(), {weights_[0].data(), weights_[1].data()}, direct}, layout_, out);
  if (tail_.count() == 0) return;
  tail_.copy(row, copy_.data());
  const std::int16_t *first = weights_[0].data() + 8 * direct, *last = weights_[1].data() + 8 * direct;
  kernels_.sum_four_taps(copy_.data(), {offsets_.data() + direct, {first, last}, tail_.count()}, layout_,
                         out + kResampledStep * direct);
}

Resampler::Resampler(const ImageView& frame, const TapsPair& taps, float pad, const Kernels& kernels)
    : pixels_(frame, taps.columns.begin(), taps.columns.end(), kernels),
      columns_(taps.columns),
      rows_(taps.rows),
      kernels_(kernels),
      pad_(pad),
      kept_(taps.rows.width),
      sources_(taps.rows.width) {
  const std::size_t padded = pad_to(pad_to(columns_.index.size(), kBlock) * kResampledStep, kResampledBlock);
  for (WeighedRow& weighed : kept_) weighed.columns.resize(padded);
  levels_.resize(padded);
  row_sums_ = {nullptr, rows_.width, 0, 1 / (columns_.total * rows_.total), rows_.rounding};
  if (FourTapRow::fits(columns_)) {
    four_taps_.emplace(pixels_, columns_, kernels);
    return;
  }
  const int step = pixels_.step();
  for (const std::int32_t index : columns_.index) offsets_.push_back((index - columns_.begin()) * step);
  for (const float outside : columns_.outside) biases_.push_back(outside * pad);
  wide_.resize(static_cast<std::size_t>(columns_.end() - columns_.begin()) * step + kResampleReadAhead);
  column_sums_ = {offsets_.data(), columns_.weights.data(), biases_.data(), columns_.width, step, offsets_.size()};
}

void Resampler::weigh_any(const std::uint8_t* row, float* out) {
  const std::uint8_t* levels = row + static_cast<std::ptrdiff_t>(columns_.begin()) * column_sums_.step;
  kernels_.widen_row(levels, wide_.size() - kResampleReadAhead, wide_.data());
  kernels_.weigh_columns(wide_.data(), column_sums_, out);
}

const float* Resampler::weigh(int row) {
  WeighedRow& place = kept_[static_cast<std::size_t>(row) % kept_.size()];
  if (place.row != row) {
    float* out = place.columns.data();
    const std::uint8_t* pixels = pixels_.row(row);
    four_taps_ ? four_taps_->sum(pixels, out) : weigh_any(pixels, out);
    if (columns_.are_levels) round_to_levels(place.columns);
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
