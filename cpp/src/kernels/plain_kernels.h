#pragma once

#include "../kernels.h"

// Every kernel as a plain loop: the reference, and what a target uses where its compiler makes good vectors of the
// loop. Nothing here may have external linkage: each target's file compiles it for other instructions.
namespace gcv::GCV_TARGET {

/// Layout of blended columns: three channels and a filler.
inline constexpr PixelLayout kBlendedLayout{4, {0, 1, 2}};

inline std::int16_t blend_pair(int left, int right, const std::int16_t* weights) {
  return static_cast<std::int16_t>((left * weights[0] + right * weights[1]) >> (kWeightBits - kColumnBits));
}

/// As OpenCV's vectors compute it: two products are cut to 16 bits, then rounded.
inline std::uint8_t blend_levels(int top, int bottom, const RowWeights& weights) {
  const int mixed = (top * weights.top >> 16) + (bottom * weights.bottom >> 16);
  return static_cast<std::uint8_t>((mixed + 2) >> 2);
}

/// BT.601's weights in 15 bits, as OpenCV's cvtColor has them; they add up to 1, so grey stays as it is.
inline std::uint8_t weigh(int red, int green, int blue) {
  return static_cast<std::uint8_t>((9798 * red + 19235 * green + 3735 * blue + (1 << 14)) >> 15);
}

// The order of the comparisons decides what NaN does.
template <typename T>
T larger(T a, T b) {
  return a > b ? a : b;
}

template <typename T>
T smaller(T a, T b) {
  return a < b ? a : b;
}

/// `Part` is T, or a number where T is a vector.
template <typename T, typename Part>
T lerp(T from, T to, Part fraction) {
  return from + (to - from) * fraction;
}

/// Overlap of a side as MXNet's box_nms computes it.
template <typename T>
T overlap(T a1, T a2, T b1, T b2) {
  return larger(smaller(a2, b2) - larger(a1, b1), T{});
}

/// Number to level as a number with halves to come; NaN becomes 0.
template <typename T>
T clip_level(T value) {
  return smaller(larger(value, T{}), T{} + 255);
}

template <typename T>
T clip_level(T value, const LevelScale& scale) {
  return clip_level((value - scale.low) * scale.factor);
}

/// Adding 2^23 leaves no bits for a fraction: the processor rounds it away, halves to even.
inline std::uint8_t round_level(float clipped) {
  return static_cast<std::uint8_t>((clipped + 8388608.0f) - 8388608.0f);
}

inline std::uint8_t to_level(float value, const LevelScale& scale) { return round_level(clip_level(value, scale)); }

/// Red, green and blue; T is a number, or a vector of 16-bit ones.
template <typename T>
struct Colors {
  T red, green, blue;
};

/// The rounded product, in units of 2^15.
template <typename T>
T multiply_round(T a, T b) {
  return (a * b + (1 << 14)) >> 15;
}

template <typename T>
T add_saturated(T a, T b) {
  return a + b;
}

/// What 256 times luma is over a floor, weighed, in units of 2^16.
template <typename T>
T weigh_over(T luma, T floor, T weight) {
  return (luma > floor ? luma - floor : 0) * weight >> 16;
}

/// 256 times chroma without its middle, 128.
template <typename T>
T centre(T chroma) {
  return chroma - 128 * 256;
}

template <typename T>
T clip_color(T sixty_fourths) {
  return smaller(larger(sixty_fourths >> 6, T{}), T{} + 255);
}

/// What chroma, 256 times itself, adds to each colour, in 64ths of a level.
template <typename T>
Colors<T> weigh_chroma(T u, T v, const YuvWeights& weights) {
  const T blue = centre(u), red = centre(v);
  return {multiply_round(red, T{} + weights.v_to_red),
          multiply_round(blue, T{} + weights.u_to_green) + multiply_round(red, T{} + weights.v_to_green),
          multiply_round(blue, T{} + weights.u_to_blue)};
}

/// Levels of a pixel from 256 times its luma. Sums fit 16 bits, but for blue, where more than they hold is 255 too.
template <typename T>
Colors<T> to_colors(T luma, const Colors<T>& chroma, const YuvWeights& weights) {
  const T grey = weigh_over(luma, T{} + weights.luma_floor, T{} + weights.luma) + 32;
  return {clip_color(grey + chroma.red), clip_color(grey + chroma.green), clip_color(add_saturated(grey, chroma.blue))};
}

/// A pixel's channels as numbers.
using Channels [[gnu::vector_size(16)]] = float;

inline Channels load_channels(const float* pixel) {
  Channels channels;
  __builtin_memcpy(&channels, pixel, sizeof channels);
  return channels;
}

inline void put(std::uint8_t level, int channel, const LevelRow& out, std::size_t i) { out.planes[channel][i] = level; }
inline void put(std::uint8_t level, int channel, const ScaledRow& out, std::size_t i) {
  out.planes[channel][i] = (static_cast<float>(level) - out.scale.mean[channel]) * out.scale.factor[channel];
}

struct PlainKernels {
  static void blend_columns(const std::uint8_t* const* rows, std::size_t row_count, const ColumnPairs& pairs,
                            const PixelLayout& layout, std::int16_t* const* outs) {
    for (std::size_t r = 0; r < row_count; ++r) {
      for (std::size_t i = 0; i < pairs.count; ++i) {
        const std::uint8_t* left = rows[r] + pairs.offsets[i];
        for (int c = 0; c < 3; ++c) {
          const int byte = layout.order[c];
          outs[r][4 * i + c] = blend_pair(left[byte], left[byte + layout.step], pairs.weights + 8 * i);
        }
      }
    }
  }

  static void blend_yuv_columns(const YuvRow* rows, std::size_t row_count, const YuvPairs& pairs,
                                const YuvWeights& weights, bool blue_first, std::int16_t* const* outs) {
    for (std::size_t r = 0; r < row_count; ++r) {
      for (std::size_t i = 0; i < pairs.count; ++i) {
        const Colors<int> left = pair_colors(rows[r], pairs, i, 1, weights);
        const Colors<int> right = pair_colors(rows[r], pairs, i, 3, weights);
        const std::int16_t* blend = pairs.weights + 2 * i;
        outs[r][4 * i + (blue_first ? 2 : 0)] = blend_pair(left.red, right.red, blend);
        outs[r][4 * i + 1] = blend_pair(left.green, right.green, blend);
        outs[r][4 * i + (blue_first ? 0 : 2)] = blend_pair(left.blue, right.blue, blend);
      }
    }
  }

  /// Colours of the pixel of a pair whose bytes are at `side` of the orders: 1 the left one, 3 the right one.
  static Colors<int> pair_colors(const YuvRow& row, const YuvPairs& pairs, std::size_t i, std::size_t side,
                                 const YuvWeights& weights) {
    const auto pick = [&](const std::uint8_t* bytes, const std::uint8_t* orders) -> int {
      return 256 * bytes[orders[kYuvPairBytes * i + side] % kYuvPairBytes];
    };
    const std::uint8_t* chroma = row.chroma + pairs.chroma_offsets[i];
    const Colors<int> sums = weigh_chroma(pick(chroma, pairs.u_orders), pick(chroma, pairs.v_orders), weights);
    return to_colors(pick(row.luma + pairs.luma_offsets[i], pairs.luma_orders), sums, weights);
  }

  static void convert_yuv(const YuvRow& row, const YuvWeights& weights, bool v_first, std::size_t count,
                          std::uint8_t* out) {
    const int u = v_first ? 1 : 0, v = 1 - u;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint8_t* chroma = row.chroma + i / 2 * 2;
      const Colors<int> sums = weigh_chroma<int>(256 * chroma[u], 256 * chroma[v], weights);
      const Colors<int> colors = to_colors<int>(256 * row.luma[i], sums, weights);
      const int bytes[4] = {colors.red, colors.green, colors.blue, 0};
      for (int c = 0; c < 4; ++c) out[4 * i + c] = static_cast<std::uint8_t>(bytes[c]);
    }
  }

  static void split_pairs(const std::uint8_t* pairs, std::size_t count, std::uint8_t* __restrict first,
                          std::uint8_t* __restrict second) {
    for (std::size_t i = 0; i < count; ++i) {
      first[i] = pairs[2 * i];
      second[i] = pairs[2 * i + 1];
    }
  }

  static void join_pairs(const std::uint8_t* first, const std::uint8_t* second, std::size_t count,
                         std::uint8_t* __restrict pairs) {
    for (std::size_t i = 0; i < count; ++i) {
      pairs[2 * i] = first[i];
      pairs[2 * i + 1] = second[i];
    }
  }

  template <typename Row>
  static void blend_rows(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                         const Row& out) {
    for (std::size_t i = 0; i < out.count; ++i) {
      for (int c = 0; c < 3; ++c) put(blend_levels(top[4 * i + c], bottom[4 * i + c], weights), c, out, i);
    }
  }

  template <typename Row>
  static void spread(const std::uint8_t* row, const PixelLayout& layout, const Row& out) {
    for (int c = 0; c < 3; ++c) {
      const std::uint8_t* levels = row + layout.order[c];
      for (std::size_t i = 0; i < out.count; ++i) put(levels[i * layout.step], c, out, i);
    }
  }

  template <typename Row>
  static void grey(const LevelRow& colors, const Row& out) {
    const auto [red, green, blue] = colors.planes;
    const Row row = out;  // a copy, which no store can change
    for (std::size_t i = 0; i < row.count; ++i) put(weigh(red[i], green[i], blue[i]), 0, row, i);
  }

  static void widen_row(const std::uint8_t* levels, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<float>(levels[i]);
  }

  static void weigh_columns(const float* row, const ColumnSums& columns, float* out) {
    using Weigh = void (*)(const float*, const ColumnSums&, float*);
    constexpr Weigh kByWidth[] = {weigh_columns_of<0>, weigh_columns_of<1>, weigh_columns_of<2>, weigh_columns_of<3>,
                                  weigh_columns_of<4>, weigh_columns_of<5>, weigh_columns_of<6>, weigh_columns_of<7>};
    // A known width is unrolled, which takes half the time.
    kByWidth[columns.width < 8 ? columns.width : 0](row, columns, out);
  }

  /// `kWidth` pixels per column, or 0 for what `columns` says.
  template <int kWidth>
  static void weigh_columns_of(const float* row, const ColumnSums& columns, float* out) {
    const auto [offsets, weights, biases, any_width, step, count] = columns;
    const int width = kWidth > 0 ? kWidth : any_width;
    for (std::size_t i = 0; i < count; ++i) {
      Channels sum = Channels{} + biases[i];
      for (int k = 0; k < width; ++k) sum += load_channels(row + offsets[i] + k * step) * weights[i * width + k];
      __builtin_memcpy(out + kResampledStep * i, &sum, sizeof sum);
    }
  }

  static void sum_four_taps(const std::uint8_t* row, const FourTaps& taps, const PixelLayout& layout, float* out) {
    for (std::size_t i = 0; i < taps.count; ++i) {
      const std::int16_t *first = taps.weights[0] + 8 * i, *last = taps.weights[1] + 8 * i;
      for (int c = 0; c < 3; ++c) {
        const std::uint8_t* level = row + taps.offsets[i] + layout.order[c];
        const int step = layout.step;
        const int sum =
            level[0] * first[0] + level[step] * first[1] + level[2 * step] * last[0] + level[3 * step] * last[1];
        out[kResampledStep * i + c] = static_cast<float>(sum);
      }
    }
  }

  static void weigh_rows(const float* const* rows, const RowSums& sums, std::size_t count, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; i += kResampledBlock) {
      float block[kResampledBlock];
      for (float& number : block) number = sums.bias;
      for (int k = 0; k < sums.count; ++k) {
        for (std::size_t j = 0; j < kResampledBlock; ++j) block[j] += rows[k][i + j] * sums.weights[k];
      }
      for (std::size_t j = 0; j < kResampledBlock; ++j) {
        out[i + j] = round_level(clip_level(block[j] * sums.scale + sums.rounding));
      }
    }
  }

  static std::size_t find_over(const float* scores, std::size_t count, float threshold, std::uint32_t* found) {
    return append_over(0, scores, count, threshold, found, 0);
  }

  /// find_over() from the score `first` on, behind what was found before it.
  static std::size_t append_over(std::size_t first, const float* scores, std::size_t count, float threshold,
                                 std::uint32_t* found, std::size_t hits) {
    for (std::size_t i = first; i < count; ++i) {
      found[hits] = static_cast<std::uint32_t>(i);
      hits += scores[i] > threshold ? 1 : 0;
    }
    return hits;
  }

  static std::size_t find_largest(const float* values, std::size_t count) {
    std::size_t found = 0;
    while (found < count && __builtin_isnan(values[found])) ++found;
    float largest = found < count ? values[found] : 0;
    for (std::size_t i = found; i < count; ++i) {
      if (values[i] > largest) largest = values[i], found = i;
    }
    return found;
  }

  static bool overlaps_any(const BoxColumns& others, const float box[5], float threshold) {
    for (std::size_t i = 0; i < others.count; ++i) {
      const float shared =
          overlap(others.x1[i], others.x2[i], box[0], box[2]) * overlap(others.y1[i], others.y2[i], box[1], box[3]);
      if (shared / (others.area[i] + box[4] - shared) > threshold) return true;
    }
    return false;
  }

  static void stretch_row(const float* row, const std::int32_t* left, const float* fraction, std::size_t count,
                          float* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = lerp(row[left[i]], row[left[i] + 1], fraction[i]);
  }

  template <typename T>
  static void argmax(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                     std::size_t count, T* out) {
    for (std::size_t i = 0; i < count; ++i) {
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

  static void lerp_rows(const float* top, const float* bottom, float fraction, std::size_t count, float* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = lerp(top[i], bottom[i], fraction);
  }

  static void cover_rows(const float* top, const float* bottom, float fraction, std::size_t count, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = lerp(top[i], bottom[i], fraction) >= kCovered ? 1 : 0;
  }

  static void level_row(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) out[i] = to_level(values[i], scale);
  }

  static void level_rows3(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out) {
    for (std::size_t i = 0; i < count; ++i) {
      for (int c = 0; c < 3; ++c) out[3 * i + c] = to_level(rows[c][i], scale);
    }
  }
};

template <typename Set>
static constexpr Kernels kTable{Set::blend_columns,
                                Set::blend_yuv_columns,
                                Set::convert_yuv,
                                Set::split_pairs,
                                Set::join_pairs,
                                Set::template blend_rows<ScaledRow>,
                                Set::template blend_rows<LevelRow>,
                                Set::template spread<ScaledRow>,
                                Set::template spread<LevelRow>,
                                Set::template grey<ScaledRow>,
                                Set::template grey<LevelRow>,
                                Set::widen_row,
                                Set::weigh_columns,
                                Set::sum_four_taps,
                                Set::weigh_rows,
                                Set::find_over,
                                Set::find_largest,
                                Set::overlaps_any,
                                Set::stretch_row,
                                Set::template argmax<std::uint8_t>,
                                Set::template argmax<std::int32_t>,
                                Set::lerp_rows,
                                Set::cover_rows,
                                Set::level_row,
                                Set::level_rows3};

}  // namespace gcv::GCV_TARGET
