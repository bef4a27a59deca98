#pragma once

#include <cstring>

#include "kernels.h"

// Vectors of GCC and Clang become each target's registers. Every target gives the same bits: sums are made in order.
namespace gcv {
namespace {

typedef float Channels __attribute__((vector_size(16)));

void widen_row(const std::uint8_t* levels, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(levels[i]);
}

void weigh_columns(const float* row, const ColumnSums& columns, float* out) {
  const float* weights = columns.weights;
  for (std::size_t i = 0; i < columns.count; ++i, weights += columns.width, out += kResampledStep) {
    const float* pixel = row + columns.offsets[i];
    Channels sum = Channels{} + columns.biases[i];
    for (int k = 0; k < columns.width; ++k, pixel += columns.step) {
      Channels channels;
      std::memcpy(&channels, pixel, sizeof(channels));
      sum += channels * weights[k];
    }
    std::memcpy(out, &sum, sizeof(sum));
  }
}

/// Adding 2^23 leaves no bits for a fraction: halves go to even.
inline std::uint8_t round_level(float value) {
  const float positive = value > 0 ? value : 0;
  const float clipped = positive < 255 ? positive : 255;
  return static_cast<std::uint8_t>(static_cast<std::int32_t>((clipped + 8388608.0f) - 8388608.0f));
}

void weigh_rows(const float* const* rows, const RowSums& sums, std::size_t count, std::uint8_t* out) {
  constexpr std::size_t kChunk = 64;
  for (std::size_t i = 0; i < count; i += kChunk) {
    float chunk[kChunk];
    for (float& number : chunk) number = sums.bias;
    for (int k = 0; k < sums.count; ++k) {
      for (std::size_t j = 0; j < kChunk; ++j) chunk[j] += rows[k][i + j] * sums.weights[k];
    }
    for (std::size_t j = 0; j < kChunk; ++j) out[i + j] = round_level(chunk[j] * sums.scale + sums.rounding);
  }
}

}  // namespace
}  // namespace gcv
