#pragma once

#include "kernels.h"

// The reference arithmetic. The vector kernels use these for the ends of rows and must agree with them bit by bit.
namespace gcv {

inline std::int16_t blend_pair(int left, int right, const std::int16_t* weights) {
  return static_cast<std::int16_t>((left * weights[0] + right * weights[1]) >> (kWeightBits - kColumnBits));
}

/// As OpenCV's vectors compute it: two products are cut to 16 bits, then rounded.
inline std::uint8_t blend_levels(int top, int bottom, const RowWeights& weights) {
  const int mixed = (top * weights.top >> 16) + (bottom * weights.bottom >> 16);
  return static_cast<std::uint8_t>((mixed + 2) >> 2);
}

inline float normalize(std::uint8_t level, float mean, float factor) {
  return (static_cast<float>(level) - mean) * factor;
}

/// BT.601's weights in 15 bits, as OpenCV's cvtColor has them; they add up to 1, so grey stays as it is.
inline std::uint8_t weigh(int red, int green, int blue) {
  return static_cast<std::uint8_t>((9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15);
}

inline float lerp(float from, float to, float fraction) {
  const float step = (to - from) * fraction;
  return from + step;
}

inline void blend_rows_f32_from(std::size_t first, const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                                const ChannelScale& scale, const PlaneRow<float>& out) {
  for (std::size_t i = first; i < out.count; ++i) {
    for (int c = 0; c < 3; ++c) {
      const std::uint8_t level = blend_levels(top[4 * i + c], bottom[4 * i + c], weights);
      out.planes[c][i] = normalize(level, scale.mean[c], scale.factor[c]);
    }
  }
}

inline void blend_rows_u8_from(std::size_t first, const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                               const PlaneRow<std::uint8_t>& out) {
  for (std::size_t i = first; i < out.count; ++i) {
    for (int c = 0; c < 3; ++c) out.planes[c][i] = blend_levels(top[4 * i + c], bottom[4 * i + c], weights);
  }
}

inline void spread_f32_from(std::size_t first, const std::uint8_t* row, const PixelLayout& layout,
                            const ChannelScale& scale, const PlaneRow<float>& out) {
  for (int c = 0; c < 3; ++c) {
    const std::uint8_t* levels = row + layout.order[c];
    for (std::size_t i = first; i < out.count; ++i) {
      out.planes[c][i] = normalize(levels[i * layout.step], scale.mean[c], scale.factor[c]);
    }
  }
}

inline void spread_u8_from(std::size_t first, const std::uint8_t* row, const PixelLayout& layout,
                           const PlaneRow<std::uint8_t>& out) {
  for (int c = 0; c < 3; ++c) {
    const std::uint8_t* levels = row + layout.order[c];
    for (std::size_t i = first; i < out.count; ++i) out.planes[c][i] = levels[i * layout.step];
  }
}

// Whole numbers in a plain loop: the compiler makes vectors of it for the caller's instruction set.
inline void grey_all_f32(const PlaneRow<std::uint8_t>& colors, const ChannelScale& scale, float* out) {
  const auto [red, green, blue] = colors.planes;
  const float mean = scale.mean[0], factor = scale.factor[0];
  for (std::size_t i = 0; i < colors.count; ++i) out[i] = normalize(weigh(red[i], green[i], blue[i]), mean, factor);
}

inline void grey_all_u8(const PlaneRow<std::uint8_t>& colors, std::uint8_t* out) {
  const auto [red, green, blue] = colors.planes;
  for (std::size_t i = 0; i < colors.count; ++i) out[i] = weigh(red[i], green[i], blue[i]);
}

inline std::size_t find_over_from(std::size_t first, const float* scores, std::size_t count, float threshold,
                                  std::uint32_t* found, std::size_t found_count) {
  for (std::size_t i = first; i < count; ++i) {
    found[found_count] = static_cast<std::uint32_t>(i);
    found_count += scores[i] > threshold ? 1 : 0;
  }
  return found_count;
}

/// Overlap of a side as MXNet's box_nms computes it; the order of the comparisons decides what NaN does.
inline float overlap(float a1, float a2, float b1, float b2) {
  const float left = a1 > b1 ? a1 : b1;
  const float right = a2 < b2 ? a2 : b2;
  const float width = right - left;
  return width > 0 ? width : 0;
}

inline bool overlaps_any_from(std::size_t first, const BoxColumns& others, const float box[5], float threshold) {
  for (std::size_t i = first; i < others.count; ++i) {
    const float shared =
        overlap(others.x1[i], others.x2[i], box[0], box[2]) * overlap(others.y1[i], others.y2[i], box[1], box[3]);
    if (shared / (others.area[i] + box[4] - shared) > threshold) return true;
  }
  return false;
}

inline void stretch_row_from(std::size_t first, const float* row, const std::int32_t* left, const float* fraction,
                             std::size_t count, float* out) {
  for (std::size_t i = first; i < count; ++i) out[i] = lerp(row[left[i]], row[left[i] + 1], fraction[i]);
}

template <typename T>
void argmax_from(std::size_t first, const float* top, const float* bottom, float fraction, std::size_t stride,
                 int classes, std::size_t count, T* out) {
  for (std::size_t i = first; i < count; ++i) {
    float best = -__builtin_inff();
    int best_class = 0;
    for (int k = 0; k < classes; ++k) {
      const float value = lerp(top[k * stride + i], bottom[k * stride + i], fraction);
      if (value > best) {
        best = value;
        best_class = k;
      }
    }
    out[i] = static_cast<T>(best_class);
  }
}

inline void lerp_rows_from(std::size_t first, const float* top, const float* bottom, float fraction, std::size_t count,
                           float* out) {
  for (std::size_t i = first; i < count; ++i) out[i] = lerp(top[i], bottom[i], fraction);
}

inline void cover_rows_from(std::size_t first, const float* top, const float* bottom, float fraction, std::size_t count,
                            std::uint8_t* out) {
  for (std::size_t i = first; i < count; ++i) out[i] = lerp(top[i], bottom[i], fraction) >= kCovered ? 1 : 0;
}

/// Adding 2^23 leaves no bits for a fraction: the processor rounds it away, halves to even.
inline std::uint8_t to_level(float value, const LevelScale& scale) {
  const float scaled = (value - scale.low) * scale.factor;
  const float positive = scaled > 0 ? scaled : 0;
  const float clipped = positive < 255 ? positive : 255;
  return static_cast<std::uint8_t>((clipped + 8388608.0f) - 8388608.0f);
}

inline void level_row_from(std::size_t first, const float* values, const LevelScale& scale, std::size_t count,
                           std::uint8_t* out) {
  for (std::size_t i = first; i < count; ++i) out[i] = to_level(values[i], scale);
}

inline void level_rows3_from(std::size_t first, const float* const rows[3], const LevelScale& scale, std::size_t count,
                             std::uint8_t* out) {
  for (std::size_t i = first; i < count; ++i) {
    for (int c = 0; c < 3; ++c) out[3 * i + c] = to_level(rows[c][i], scale);
  }
}

}  // namespace gcv
