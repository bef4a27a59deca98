#pragma once

#include "plain_kernels.h"
#include "registers.h"

// Kernels of which compilers make no good vectors, over what the target's simd_*.h has; that comes first.
namespace gcv::GCV_TARGET {

template <>
inline Shorts centre(Shorts chroma) {
  return chroma ^ INT16_MIN;
}

struct VectorKernels : PlainKernels {
  static void blend_columns(const std::uint8_t* const* rows, std::size_t row_count, const ColumnPairs& pairs,
                            const PixelLayout& layout, std::int16_t* const* outs) {
    const auto order = make_pair_order(layout);
    const auto [offsets, weights, count] = pairs;
    for (std::size_t i = 0; i < count; i += kBlendedColumns) {
      const Weights block(weights + 8 * i);
      for (std::size_t r = 0; r < row_count; ++r) blend_block(rows[r], offsets + i, block, order, outs[r] + 4 * i);
    }
  }

  static void blend_yuv_columns(const YuvRow* rows, std::size_t row_count, const YuvPairs& pairs,
                                const YuvWeights& weights, bool blue_first, std::int16_t* const* outs) {
    const YuvPairs all = pairs;
    const YuvWeights own = weights;
    const YuvRow upper = rows[0], lower = rows[row_count - 1];
    std::int16_t *const upper_out = outs[0], *const lower_out = outs[row_count - 1];
    for (std::size_t i = 0; i < all.count; i += kLanes) {
      const auto blend = load<Shorts>(all.weights + 2 * i);
      const auto pick = [i](Bytes words, const std::uint8_t* orders) {
        return as<Shorts>(shuffle(words, load<Bytes>(orders + kYuvPairBytes * i)));
      };
      const auto chroma_of = [&](const YuvRow& row) {
        const Bytes words = gather_words(row.chroma, all.chroma_offsets + i);
        return weigh_chroma(pick(words, all.u_orders), pick(words, all.v_orders), own);
      };
      const auto blend_row = [&](const YuvRow& row, const Colors<Shorts>& chroma, std::int16_t* out) {
        const Shorts luma = pick(gather_words(row.luma, all.luma_offsets + i), all.luma_orders);
        const Colors<Shorts> colors = to_colors(luma, chroma, own);
        const auto mix = [&](Shorts levels) { return multiply_add(levels, blend) >> (kWeightBits - kColumnBits); };
        const Ints red = mix(colors.red), green = mix(colors.green), blue = mix(colors.blue);
        const Ints first = blue_first ? blue : red, last = blue_first ? red : blue;
        store_zipped(first | green << 16, last, out + 4 * i);
      };
      const Colors<Shorts> chroma = chroma_of(upper);
      blend_row(upper, chroma, upper_out);
      if (row_count > 1) blend_row(lower, upper.chroma == lower.chroma ? chroma : chroma_of(lower), lower_out);
    }
  }

  static void convert_yuv(const YuvRow& row, const YuvWeights& weights, bool v_first, std::size_t count,
                          std::uint8_t* out) {
    constexpr int kLow = 0xffff;
    const YuvRow from = row;
    const YuvWeights own = weights;
    const auto convert = [=](std::size_t i) {
      const Ints pairs = as<Ints>(widen(from.chroma + i) << 8);
      const auto first = as<Shorts>((pairs & kLow) | pairs << 16);
      const auto second = as<Shorts>((pairs >> 16 & kLow) | (pairs & ~kLow));
      const Colors<Shorts> chroma = weigh_chroma(v_first ? second : first, v_first ? first : second, own);
      const Colors<Shorts> colors = to_colors(widen(from.luma + i) << 8, chroma, own);
      const Ints red_green = as<Ints>(colors.red | colors.green << 8), blue = as<Ints>(colors.blue);
      store_zipped((red_green & kLow) | blue << 16, (red_green >> 16 & kLow) | (blue & ~kLow), out + 4 * i);
    };
    if (!in_blocks(2 * kLanes, count, convert)) PlainKernels::convert_yuv(row, weights, v_first, count, out);
  }

  template <typename Row>
  static void blend_rows(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
                         const Row& out) {
    const auto order = make_plane_order(kBlendedLayout, out);
    const Row row = out;
    const auto blend = [&](std::size_t i) {
      store_pixels(mix_pixels(top + 4 * i, bottom + 4 * i, weights), order, row, i);
    };
    if (!in_blocks(kPixels, out.count, blend)) PlainKernels::blend_rows(top, bottom, weights, out);
  }

  template <typename Row>
  static void spread(const std::uint8_t* row, const PixelLayout& layout, const Row& out) {
    const std::size_t step = layout.step, count = out.count, span = read_span(step);
    if (count < kPixels) return PlainKernels::spread(row, layout, out);
    const auto order = make_plane_order(layout, out);
    const Row planes = out;
    const auto spread_block = [&](const std::uint8_t* pixels, std::size_t i) {
      store_pixels(read_pixels(pixels, static_cast<int>(step)), order, planes, i);
    };
    std::size_t i = 0;
    for (; i + kPixels <= count && i * step + span <= count * step; i += kPixels) spread_block(row + i * step, i);
    // What a read would leave the row for is read from a copy.
    for (; i < count; i += kPixels) {
      const std::size_t first = smaller(i, count - kPixels);
      std::uint8_t rest[4 * kPixels + kReadAhead] = {};
      __builtin_memcpy(rest, row + first * step, kPixels * step);
      spread_block(rest, first);
    }
  }

  static void sum_four_taps(const std::uint8_t* row, const FourTaps& taps, const PixelLayout& layout, float* out) {
    const FourOrder order(layout);
    const auto [offsets, weights, count] = taps;
    const std::int16_t *const first = weights[0], *const last = weights[1];
    for (std::size_t i = 0; i < count; i += kSummedColumns) {
      sum_block(row, offsets + i, first + 8 * i, last + 8 * i, order, out + kResampledStep * i);
    }
  }

  static void weigh_rows(const float* const* rows, const RowSums& sums, std::size_t count, std::uint8_t* out) {
    const RowSums all = sums;
    const auto level_at = [=](std::size_t i) {
      Floats sum = splat(all.bias);
      for (int k = 0; k < all.count; ++k) sum += load<Floats>(rows[k] + i) * all.weights[k];
      return round(clip_level(sum * all.scale + all.rounding));
    };
    fill_bytes<store_bytes>(count, level_at, out);
  }

  static std::size_t find_over(const float* scores, std::size_t count, float threshold, std::uint32_t* found) {
    std::size_t hits = 0, i = 0;
    for (; i + kScan <= count; i += kScan) hits = scan_over(i, scores, threshold, found, hits);
    return PlainKernels::append_over(i, scores, count, threshold, found, hits);
  }

  static std::size_t find_largest(const float* values, std::size_t count) {
    Peaks peaks[4];
    const auto look = [&](std::size_t i) {
      for (std::size_t v = 0; v < 4; ++v) peaks[v].look(load<Floats>(values + i + v * kLanes), i);
    };
    if (!in_blocks(4 * kLanes, count, look)) return PlainKernels::find_largest(values, count);
    for (std::size_t v = 1; v < 4; ++v) peaks[0].join(peaks[v], v * kLanes);
    const float largest = peaks[0].largest();
    // No lane tells such numbers from NaN.
    if (largest == -__builtin_inff()) return PlainKernels::find_largest(values, count);
    return peaks[0].position(largest);
  }

  static bool overlaps_any(const BoxColumns& others, const float box[5], float threshold) {
    const Floats x1 = splat(box[0]), y1 = splat(box[1]), x2 = splat(box[2]), y2 = splat(box[3]);
    for (std::size_t i = 0; i < others.count; i += kLanes) {
      const auto column = [i](const float* values) { return load<Floats>(values + i); };
      const Floats shared =
          overlap(column(others.x1), column(others.x2), x1, x2) * overlap(column(others.y1), column(others.y2), y1, y2);
      const Floats iou = shared / (column(others.area) + box[4] - shared);
      if (any_over(iou, splat(threshold))) return true;
    }
    return false;
  }

  static void stretch_row(const float* row, const std::int32_t* left, const float* fraction, std::size_t count,
                          float* out) {
    for (std::size_t i = 0; i < count; i += kLanes) {
      const Neighbours cells = load_neighbours(row, left + i);
      store(lerp(cells.left, cells.right, load<Floats>(fraction + i)), out + i);
    }
  }

  template <typename T>
  static void argmax(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                     std::size_t count, T* out) {
    for (std::size_t i = 0; i < count; i += 4 * kLanes) {
      Ints ids[4];
      argmax_block(top + i, bottom + i, fraction, stride, classes, ids);
      store_ids(ids, out + i);
    }
  }

  static void lerp_rows(const float* top, const float* bottom, float fraction, std::size_t count, float* out) {
    const auto blend = [=](std::size_t i) { store(lerp_at(i, top, bottom, fraction), out + i); };
    if (!in_blocks(kLanes, count, blend)) PlainKernels::lerp_rows(top, bottom, fraction, count, out);
  }

  static void cover_rows(const float* top, const float* bottom, float fraction, std::size_t count, std::uint8_t* out) {
    const auto blend = [=](std::size_t i) { return lerp_at(i, top, bottom, fraction); };
    if (!fill_bytes<store_covered>(count, blend, out)) PlainKernels::cover_rows(top, bottom, fraction, count, out);
  }

  static void level_row(const float* values, const LevelScale& scale, std::size_t count, std::uint8_t* out) {
    const auto level_at = [=](std::size_t i) { return level(values + i, scale); };
    if (!fill_bytes<store_bytes>(count, level_at, out)) PlainKernels::level_row(values, scale, count, out);
  }

  static void level_rows3(const float* const rows[3], const LevelScale& scale, std::size_t count, std::uint8_t* out) {
    const float* const columns[3] = {rows[0], rows[1], rows[2]};
    const auto level_block = [=](std::size_t i) {
      Ints levels[3][kInterleaved];
      for (int c = 0; c < 3; ++c) {
        for (std::size_t v = 0; v < kInterleaved; ++v) levels[c][v] = level(columns[c] + i + v * kLanes, scale);
      }
      store_interleaved(levels, out + 3 * i);
    };
    if (!in_blocks(kInterleaved * kLanes, count, level_block)) PlainKernels::level_rows3(rows, scale, count, out);
  }

 private:
  /// The largest number of each lane, and the first number of the block that it was found in.
  struct Peaks {
    Floats values = splat(-__builtin_inff());
    Ints blocks{};

    void look(Floats numbers, std::size_t block) {
      blocks = numbers > values ? Ints{} + static_cast<int>(block) : blocks;
      values = larger(numbers, values);
    }

    /// Take what is larger, or as large and further ahead, of others that lie `offset` behind.
    void join(const Peaks& others, std::size_t offset) {
      const Ints theirs = others.blocks + static_cast<int>(offset);
      const Ints is_better = (others.values > values) | ((others.values == values) & (theirs < blocks));
      blocks = is_better ? theirs : blocks;
      values = is_better ? others.values : values;
    }

    float largest() const {
      float found = values[0];
      for (std::size_t i = 1; i < kLanes; ++i) found = larger(values[i], found);
      return found;
    }

    std::size_t position(float largest) const {
      int found = INT32_MAX;
      for (int i = 0; i < static_cast<int>(kLanes); ++i) {
        if (values[i] == largest) found = smaller(blocks[i] + i, found);
      }
      return static_cast<std::size_t>(found);
    }
  };

  static Floats lerp_at(std::size_t i, const float* top, const float* bottom, float fraction) {
    return lerp(load_once<Floats>(top + i), load<Floats>(bottom + i), fraction);
  }

  static Ints level(const float* values, const LevelScale& scale) {
    return round(clip_level(load<Floats>(values), scale));
  }

  /// Call `block(i)` for blocks of `size`, the last of which may overlap the one before; false if there is not one.
  /// Inlined always, or what the block captures would be read from memory every time.
  template <typename Block>
  [[gnu::always_inline]] static bool in_blocks(std::size_t size, std::size_t count, const Block& block) {
    if (count < size) return false;
    std::size_t i = 0;
    for (; i + size <= count; i += size) block(i);
    if (i < count) block(count - size);
    return true;
  }

  /// Fill a row with what `kStore` makes of kNarrowed registers; `numbers(i)` are those of one.
  template <auto kStore, typename Numbers>
  static bool fill_bytes(std::size_t count, const Numbers& numbers, std::uint8_t* out) {
    return in_blocks(kNarrowed * kLanes, count, [=](std::size_t i) {
      decltype(numbers(i)) found[kNarrowed];
      for (std::size_t v = 0; v < kNarrowed; ++v) found[v] = numbers(i + v * kLanes);
      kStore(found, out + i);
    });
  }

  static void argmax_block(const float* top, const float* bottom, float fraction, std::size_t stride, int classes,
                           Ints ids[4]) {
    Floats best[4];
    for (int v = 0; v < 4; ++v) best[v] = splat(-__builtin_inff()), ids[v] = Ints{};
    for (int k = 0; k < classes; ++k, top += stride, bottom += stride) {
      for (int v = 0; v < 4; ++v) {
        const Floats value = lerp_at(kLanes * v, top, bottom, fraction);
        ids[v] = value > best[v] ? Ints{} + k : ids[v];
        best[v] = larger(value, best[v]);
      }
    }
  }

  static void store_ids(const Ints ids[4], std::int32_t* out) {
    for (int v = 0; v < 4; ++v) store(ids[v], out + kLanes * v);
  }

  static void store_ids(const Ints ids[4], std::uint8_t* out) {
    for (std::size_t v = 0; v < 4; v += kNarrowed) store_bytes(ids + v, out + kLanes * v);
  }
};

}  // namespace gcv::GCV_TARGET
