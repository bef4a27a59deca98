#include "resampler.h"

namespace gcv {
namespace {

/// Lifts the exact half over what rint() would round to even. Sums that are rounded up are multiples of 2^-10.
constexpr float kHalfUp = 1.0f / 4096;

}  // namespace

Resampler::Resampler(const ImageView& frame, const Taps& columns, const Taps& rows, float pad, Rounding rounding,
                     const Kernels& kernels)
    : frame_(frame), columns_(columns), rows_(rows), kernels_(kernels), pad_(pad), sources_(rows.width) {
  const int step = channel_count(frame.format);
  const auto count = static_cast<std::size_t>(columns.count());
  offsets_.reserve(count);
  for (const std::int32_t index : columns.index) offsets_.push_back((index - columns.begin()) * step);
  biases_.reserve(count);
  for (const float outside : columns.outside) biases_.push_back(outside * pad * rows.total);
  weighed_.resize(static_cast<std::size_t>(columns.end() - columns.begin()) * step + kResampleReadAhead);
  levels_.resize((count + kBlock) * kResampledStep);
  sums_ = {offsets_.data(), columns.weights.data(), biases_.data(), columns.width, step, count,
           1 / (columns.total * rows.total), rounding == Rounding::half_up ? kHalfUp : 0};
}

const std::uint8_t* Resampler::row(int i) {
  const std::ptrdiff_t begin = static_cast<std::ptrdiff_t>(columns_.begin()) * sums_.step;
  for (int k = 0; k < rows_.width; ++k) sources_[k] = frame_.row(rows_.index[i] + k) + begin;
  const std::size_t count = static_cast<std::size_t>(columns_.end() - columns_.begin()) * sums_.step;
  kernels_.weigh_rows(sources_.data(), &rows_.weights[static_cast<std::size_t>(i) * rows_.width], rows_.width,
                      rows_.outside[i] * pad_, count, weighed_.data());
  kernels_.weigh_columns(weighed_.data(), sums_, levels_.data());
  return levels_.data();
}

}  // namespace gcv
