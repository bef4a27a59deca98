#pragma once

#include <arm_neon.h>

#include "plain_kernels.h"
#include "registers.h"

// NEON, part of every 64-bit ARM processor, for vector_kernels.h. Loads and stores take pixels apart and together.
namespace gcv::GCV_TARGET {

inline bool any_over(Floats a, Floats b) { return vmaxvq_u32(as<uint32x4_t>(a > b)) != 0; }

inline constexpr std::size_t kScan = 16;
inline std::size_t scan_over(std::size_t first, const float* scores, float threshold, std::uint32_t* found,
                             std::size_t hits) {
  Ints any{};
  for (std::size_t i = 0; i < kScan; i += kLanes) any |= load<Floats>(scores + first + i) > threshold;
  if (vmaxvq_u32(as<uint32x4_t>(any)) == 0) return hits;
  return PlainKernels::append_over(first, scores, first + kScan, threshold, found, hits);
}

inline Neighbours load_neighbours(const float* row, const std::int32_t* left) {
  const auto pairs = [&](int i) { return vcombine_f32(vld1_f32(row + left[i]), vld1_f32(row + left[i + 1])); };
  const float32x4_t low = pairs(0), high = pairs(2);
  return {as<Floats>(vuzp1q_f32(low, high)), as<Floats>(vuzp2q_f32(low, high))};
}

/// Halves to even.
inline Ints round(Floats values) { return as<Ints>(vcvtnq_s32_f32(as<float32x4_t>(values))); }

inline uint8x16_t narrow(const Ints numbers[4]) {
  const auto half = [&](int v) { return vmovn_u32(as<uint32x4_t>(numbers[v])); };
  return vcombine_u8(vmovn_u16(vcombine_u16(half(0), half(1))), vmovn_u16(vcombine_u16(half(2), half(3))));
}

inline constexpr std::size_t kNarrowed = 4;
inline void store_bytes(const Ints numbers[kNarrowed], std::uint8_t* out) { vst1q_u8(out, narrow(numbers)); }

inline void store_covered(const Floats numbers[kNarrowed], std::uint8_t* out) {
  const auto covered = [&](int v) -> Ints { return numbers[v] >= kCovered; };
  const Ints masks[kNarrowed] = {covered(0), covered(1), covered(2), covered(3)};
  vst1q_u8(out, vandq_u8(narrow(masks), vdupq_n_u8(1)));
}

inline constexpr std::size_t kInterleaved = 4;
inline void store_interleaved(const Ints levels[3][kInterleaved], std::uint8_t* out) {
  const uint8x16x3_t bytes{{narrow(levels[0]), narrow(levels[1]), narrow(levels[2])}};
  vst3q_u8(out, bytes);
}

/// A pixel and its right neighbour to bytes: channels 0, 1, 2 of the left, a zero, those of the right, a zero.
inline uint8x8_t make_pair_order(const PixelLayout& layout) {
  std::uint8_t bytes[8];
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(i % 4 == 3 ? 0xff : layout.order[i % 4] + i / 4 * layout.step);
  }
  return vld1_u8(bytes);
}

inline constexpr std::size_t kBlendedColumns = 2;
using Weights = const std::int16_t*;

inline uint16x4_t blend_column(const std::uint8_t* pixels, Weights weights, uint8x8_t order) {
  const uint16x8_t pair = vmovl_u8(vtbl1_u8(vld1_u8(pixels), order));
  const uint32x4_t left = vmull_n_u16(vget_low_u16(pair), static_cast<std::uint16_t>(weights[0]));
  const uint32x4_t both = vmlal_n_u16(left, vget_high_u16(pair), static_cast<std::uint16_t>(weights[1]));
  return vshrn_n_u32(both, kWeightBits - kColumnBits);
}

inline void blend_block(const std::uint8_t* row, const std::int32_t* offsets, Weights weights, uint8x8_t order,
                        std::int16_t* out) {
  const uint16x4_t first = blend_column(row + offsets[0], weights, order);
  const uint16x4_t second = blend_column(row + offsets[1], weights + 8, order);
  vst1q_s16(out, vreinterpretq_s16_u16(vcombine_u16(first, second)));
}

/// A pixel to bytes: channels 0, 1, 2, a zero.
struct FourOrder {
  explicit FourOrder(const PixelLayout& layout) : step(layout.step), pixel(make_pair_order(layout)) {}

  int step;
  uint8x8_t pixel;
};

inline constexpr std::size_t kSummedColumns = 1;

inline void sum_block(const std::uint8_t* row, const std::int32_t* offsets, const std::int16_t* first,
                      const std::int16_t* last, const FourOrder& order, float* out) {
  const std::int16_t weights[4] = {first[0], first[1], last[0], last[1]};
  int32x4_t sum = vdupq_n_s32(0);
  for (int k = 0; k < 4; k += 2) {
    // Two pixels at a time, as blend_column() reads them.
    const uint16x8_t pair = vmovl_u8(vtbl1_u8(vld1_u8(row + offsets[0] + k * order.step), order.pixel));
    sum = vmlal_n_s16(sum, vreinterpret_s16_u16(vget_low_u16(pair)), weights[k]);
    sum = vmlal_n_s16(sum, vreinterpret_s16_u16(vget_high_u16(pair)), weights[k + 1]);
  }
  vst1q_f32(out, vcvtq_f32_s32(sum));
}

inline constexpr std::size_t kPixels = 8;
/// One register per byte of a pixel.
using Pixels = uint8x8x3_t;

constexpr std::size_t read_span(std::size_t step) { return kPixels * step; }

inline Pixels read_pixels(const std::uint8_t* pixels, int step) {
  if (step == 3) return vld3_u8(pixels);
  if (step == 4) {
    const uint8x8x4_t four = vld4_u8(pixels);
    return Pixels{{four.val[0], four.val[1], four.val[2]}};
  }
  const uint8x8_t grey = vld1_u8(pixels);
  return Pixels{{grey, grey, grey}};
}

inline Bytes shuffle(Bytes bytes, Bytes order) {
  return as<Bytes>(vqtbl1q_u8(as<uint8x16_t>(bytes), as<uint8x16_t>(order)));
}

template <>
inline Shorts multiply_round(Shorts a, Shorts b) {
  return as<Shorts>(vqrdmulhq_s16(as<int16x8_t>(a), as<int16x8_t>(b)));
}
template <>
inline Shorts add_saturated(Shorts a, Shorts b) {
  return as<Shorts>(vqaddq_s16(as<int16x8_t>(a), as<int16x8_t>(b)));
}
template <>
inline Shorts weigh_over(Shorts luma, Shorts floor, Shorts weight) {
  const uint16x8_t over = vqsubq_u16(as<uint16x8_t>(luma), as<uint16x8_t>(floor)), weights = as<uint16x8_t>(weight);
  const uint32x4_t low = vmull_u16(vget_low_u16(over), vget_low_u16(weights)), high = vmull_high_u16(over, weights);
  return as<Shorts>(vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high)));
}

/// Sums of two neighbouring products.
inline Ints multiply_add(Shorts a, Shorts b) {
  const int16x8_t left = as<int16x8_t>(a), right = as<int16x8_t>(b);
  return as<Ints>(vpaddq_s32(vmull_s16(vget_low_s16(left), vget_low_s16(right)), vmull_high_s16(left, right)));
}

/// Four bytes from each offset on.
inline Bytes gather_words(const std::uint8_t* row, const std::int32_t* offsets) {
  Ints words{};
  for (std::size_t i = 0; i < kLanes; ++i)
    __builtin_memcpy(reinterpret_cast<std::uint8_t*>(&words) + 4 * i, row + offsets[i], 4);
  return as<Bytes>(words);
}

/// Store numbers of both in turn.
inline void store_zipped(Ints first, Ints second, void* out) {
  const int32x4_t a = as<int32x4_t>(first), b = as<int32x4_t>(second);
  store(vzip1q_s32(a, b), out);
  store(vzip2q_s32(a, b), static_cast<std::uint8_t*>(out) + kRegisterBytes);
}

/// The upper 16 bits of products.
inline int16x8_t multiply_high(int16x8_t numbers, std::int16_t weight) {
  return vshrq_n_s16(vqdmulhq_n_s16(numbers, weight), 1);
}

inline Pixels mix_pixels(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights) {
  const int16x8x4_t upper = vld4q_s16(top), lower = vld4q_s16(bottom);
  const auto mix = [&](int c) {
    const int16x8_t mixed =
        vaddq_s16(multiply_high(upper.val[c], weights.top), multiply_high(lower.val[c], weights.bottom));
    return vqmovun_s16(vrshrq_n_s16(mixed, 2));
  };
  return Pixels{{mix(0), mix(1), mix(2)}};
}

template <typename Row>
PixelLayout make_plane_order(const PixelLayout& layout, const Row& /*out*/) {
  return layout;
}

inline void store_levels(uint8x8_t levels, int c, const LevelRow& out, std::size_t i) {
  vst1_u8(out.planes[c] + i, levels);
}

inline void store_levels(uint8x8_t levels, int c, const ScaledRow& out, std::size_t i) {
  const auto scale = [&](uint16x4_t half, std::size_t first) {
    const Floats numbers = as<Floats>(vcvtq_f32_u32(vmovl_u16(half)));
    store((numbers - out.scale.mean[c]) * out.scale.factor[c], out.planes[c] + first);
  };
  scale(vget_low_u16(vmovl_u8(levels)), i);
  scale(vget_high_u16(vmovl_u8(levels)), i + kLanes);
}

template <typename Row>
void store_pixels(const Pixels& pixels, const PixelLayout& layout, const Row& out, std::size_t i) {
  const auto store_channel = [&](int c) {
    const int byte = layout.order[c];
    store_levels(byte == 0 ? pixels.val[0] : byte == 1 ? pixels.val[1] : pixels.val[2], c, out, i);
  };
  store_channel(0);
  store_channel(1);
  store_channel(2);
}

}  // namespace gcv::GCV_TARGET
