#pragma once

#include "plain_kernels.h"
#include "registers.h"

// Pixels for vector_kernels.h, from what simd_avx2.h or simd_avx512.h has: a quad is four pixels, or two to be blended.
namespace gcv::GCV_TARGET {

inline constexpr int kQuads = kRegisterBytes / 16;
inline constexpr int kZeros = static_cast<int>(0x80808080);

inline bool any_over(Floats a, Floats b) { return over(a, b) != 0; }

/// A pixel and its right neighbour to 16-bit pairs: left and right of channel 0, of 1, of 2, then zeros.
inline Bytes make_pair_order(const PixelLayout& layout) {
  const auto pair = [&](int c) { return layout.order[c] * 0x10001 + (layout.step << 16) + (kZeros & ~0xff00ff); };
  return as<Bytes>(repeat(pair(0), pair(1), pair(2), kZeros));
}

/// Four pixels to four bytes of channel 0, four of 1, four of 2, then zeros.
inline Bytes make_plane_order(const PixelLayout& layout, const LevelRow& /*out*/) {
  const auto four = [&](int c) { return layout.order[c] * 0x01010101 + layout.step * 0x03020100; };
  return as<Bytes>(repeat(four(0), four(1), four(2), kZeros));
}

/// Four pixels to 32-bit numbers of each channel.
struct ChannelOrders {
  Bytes channels[3];
};

inline ChannelOrders make_plane_order(const PixelLayout& layout, const ScaledRow& /*out*/) {
  const Ints first = repeat(0, layout.step, 2 * layout.step, 3 * layout.step) | (kZeros & ~0xff);
  const auto channel = [&](int c) { return as<Bytes>(first + layout.order[c]); };
  return {{channel(0), channel(1), channel(2)}};
}

inline constexpr std::size_t kBlendedColumns = 2 * kQuads;

struct Weights {
  explicit Weights(const std::int16_t* weights)
      : low(load<Shorts>(weights)), high(load<Shorts>(weights + 8 * kQuads)) {}

  Shorts low, high;
};

inline Ints blend_quads(const std::uint8_t* row, const std::int32_t* offsets, Shorts weights, Bytes order) {
  const Bytes pixels = load_quads([&](int quad) { return row + offsets[quad]; });
  return multiply_add(as<Shorts>(shuffle(pixels, order)), weights) >> (kWeightBits - kColumnBits);
}

inline void blend_block(const std::uint8_t* row, const std::int32_t* offsets, const Weights& weights, Bytes order,
                        std::int16_t* out) {
  const Ints low = blend_quads(row, offsets, weights.low, order);
  store(pack(low, blend_quads(row, offsets + kQuads, weights.high, order)), out);
}

/// Four neighbouring pixels to the pairs of the first two and of the others.
struct FourOrder {
  explicit FourOrder(const PixelLayout& layout)
      : first(make_pair_order(layout)), last(make_pair_order(skip_two(layout))) {}

  static PixelLayout skip_two(const PixelLayout& layout) {
    const int step = layout.step, two = 2 * step;
    return {step, {layout.order[0] + two, layout.order[1] + two, layout.order[2] + two}};
  }

  Bytes first, last;
};

inline constexpr std::size_t kSummedColumns = kQuads;

inline void sum_block(const std::uint8_t* row, const std::int32_t* offsets, const std::int16_t* first,
                      const std::int16_t* last, const FourOrder& order, float* out) {
  const Bytes pixels = load_quads([&](int quad) { return row + offsets[quad]; });
  const Ints sums = multiply_add(as<Shorts>(shuffle(pixels, order.first)), load<Shorts>(first)) +
                    multiply_add(as<Shorts>(shuffle(pixels, order.last)), load<Shorts>(last));
  store(__builtin_convertvector(sums, Floats), out);
}

inline constexpr std::size_t kPixels = 4 * kQuads;
using Pixels = Bytes;

constexpr std::size_t read_span(std::size_t step) { return 4 * step * (kQuads - 1) + 16; }

inline Pixels read_pixels(const std::uint8_t* pixels, int step) {
  return load_quads([&](int quad) { return pixels + 4 * step * quad; });
}

inline Shorts mix_columns(const std::int16_t* top, const std::int16_t* bottom, Shorts upper, Shorts lower) {
  return (multiply_high(load<Shorts>(top), upper) + multiply_high(load<Shorts>(bottom), lower) + 2) >> 2;
}

inline Pixels mix_pixels(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights) {
  constexpr std::size_t half = 2 * kPixels;
  const Shorts upper = Shorts{} + weights.top, lower = Shorts{} + weights.bottom;
  return pack(mix_columns(top, bottom, upper, lower), mix_columns(top + half, bottom + half, upper, lower));
}

inline void store_pixels(Pixels pixels, Bytes order, const LevelRow& out, std::size_t i) {
  store_quads(shuffle(pixels, order), out.planes, i);
}

inline void store_pixels(Pixels pixels, const ChannelOrders& orders, const ScaledRow& out, std::size_t i) {
  const auto store_channel = [&](int c) {
    const Floats levels = __builtin_convertvector(as<Ints>(shuffle(pixels, orders.channels[c])), Floats);
    store((levels - out.scale.mean[c]) * out.scale.factor[c], out.planes[c] + i);
  };
  // Not in a loop: unrolled late, it would leave the orders in memory.
  store_channel(0);
  store_channel(1);
  store_channel(2);
}

/// Registers of each channel that store_interleaved() takes.
inline constexpr std::size_t kInterleaved = 1;

inline void store_interleaved(const Ints levels[3][kInterleaved], std::uint8_t* out) {
  const Ints pixels = levels[0][0] | levels[1][0] << 8 | levels[2][0] << 16;
  const Ints order = repeat(0x04020100, 0x09080605, 0x0e0d0c0a, kZeros);
  store_triples(shuffle(as<Bytes>(pixels), as<Bytes>(order)), out);
}

}  // namespace gcv::GCV_TARGET
