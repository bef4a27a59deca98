#pragma once

#include <cstring>

#include "kernels.h"

// Included inside each target's namespace, after its compile flags are set: GCC's and Clang's vectors become the
// target's registers, and every one gives the same bits.
namespace gcv {
namespace {

template <typename T, int kLanes>
struct VectorOf {
  typedef T Type __attribute__((vector_size(sizeof(T) * kLanes), aligned(sizeof(T))));
};

template <int kLanes>
inline typename VectorOf<float, kLanes>::Type load_levels(const std::uint8_t* levels) {
  typename VectorOf<std::uint8_t, kLanes>::Type bytes;
  std::memcpy(&bytes, levels, kLanes);
  return __builtin_convertvector(bytes, typename VectorOf<float, kLanes>::Type);
}

/// Weigh kRegisters * kLanes columns of rows from column i on.
template <int kLanes, int kRegisters>
inline void weigh_block(const std::uint8_t* const* rows, const float* weights, int row_count, float bias,
                        std::size_t i, float* out) {
  using Floats = typename VectorOf<float, kLanes>::Type;
  Floats sums[kRegisters];
  for (Floats& sum : sums) sum = Floats{} + bias;
  for (int k = 0; k < row_count; ++k) {
    for (int r = 0; r < kRegisters; ++r) sums[r] += load_levels<kLanes>(rows[k] + i + r * kLanes) * weights[k];
  }
  std::memcpy(out + i, sums, sizeof(sums));
}

template <int kLanes>
void weigh_rows_of(const std::uint8_t* const* rows, const float* weights, int row_count, float bias,
                   std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) weigh_block<kLanes, 4>(rows, weights, row_count, bias, i, out);
  for (; i < count; ++i) weigh_block<1, 1>(rows, weights, row_count, bias, i, out);
}

inline std::uint8_t round_level(float value) {
  const float positive = value > 0 ? value : 0;
  const float clipped = positive < 255 ? positive : 255;
  return static_cast<std::uint8_t>((clipped + 8388608.0f) - 8388608.0f);
}

void weigh_columns_of(const float* row, const ColumnSums& columns, std::uint8_t* out) {
  using Floats = VectorOf<float, 4>::Type;
  const float* weights = columns.weights;
  for (std::size_t i = 0; i < columns.count; ++i, weights += columns.width, out += kResampledStep) {
    const float* pixel = row + columns.offsets[i];
    Floats sum = Floats{} + columns.biases[i];
    for (int k = 0; k < columns.width; ++k, pixel += columns.step) {
      Floats channels;
      std::memcpy(&channels, pixel, sizeof(channels));
      sum += channels * weights[k];
    }
    sum = sum * columns.scale + columns.rounding;
    for (int c = 0; c < 4; ++c) out[c] = round_level(sum[c]);
  }
}

}  // namespace
}  // namespace gcv
