#include "gcv_edge/masks.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "gcv_edge/error.h"
#include "kernels.h"
#include "samples.h"
#include "sizes.h"
#include "stretched_rows.h"
#include "strides.h"

namespace gcv {
namespace {

/// Pixels begin to end - 1 of one side.
struct Span {
  int begin = 0, end = 0;

  int size() const { return end - begin; }
};

/// One side of a mask that lies in a frame.
struct MaskSide {
  double low, high;
  int cells;

  bool is_sound() const { return std::isfinite(low) && std::isfinite(high) && high > low; }

  /// Pixels of a window whose centres lie within half a cell of the mask.
  Span covered(std::int64_t begin, std::int64_t size) const {
    if (!is_sound()) return {};
    const double margin = 0.5 * (high - low) / cells;
    const auto limit = [&](double pixel) {
      return static_cast<int>(std::clamp(pixel, static_cast<double>(begin), static_cast<double>(begin + size)));
    };
    const Span span{limit(std::floor(low - margin + 0.5)), limit(std::ceil(high + margin - 0.5))};
    return span.size() > 0 ? span : Span{};
  }

  /// Where pixels fall in a mask that has a cell of zeros around it.
  Samples sample(const Span& span) const {
    Samples samples;
    samples.last = cells + 1;
    for (int pixel = span.begin; pixel < span.end; ++pixel) {
      const double cell = std::clamp((pixel + 0.5 - low) / (high - low) * cells + 0.5, 0.0, cells + 1.0);
      const int left = static_cast<int>(cell);
      samples.left.push_back(left);
      samples.fraction.push_back(static_cast<float>(cell - left));
    }
    return samples;
  }
};

MaskSide side_x(Size mask, const MaskExtent& extent) { return {extent[0], extent[2], mask.width}; }
MaskSide side_y(Size mask, const MaskExtent& extent) { return {extent[1], extent[3], mask.height}; }

Scratch<float> surround_with_zeros(const float* mask, Size size) {
  const std::size_t width = size.width + std::size_t{2};
  Scratch<float> padded(width * (size.height + std::size_t{2}));
  for (int y = 0; y < size.height; ++y) {
    std::copy_n(mask + static_cast<std::size_t>(y) * size.width, size.width, padded.data() + (y + 1) * width + 1);
  }
  return padded;
}

void check_side(const char* name, Size size, int least) {
  if (size.width >= least && size.height >= least && size.width <= kMaxSide && size.height <= kMaxSide) return;
  throw ArgumentError(std::string(name) + ": found " + std::to_string(size.width) + "x" + std::to_string(size.height) +
                      ", expected " + std::to_string(least) + " to 2^26 a side");
}

void check_window(const Rect& window) {
  check_side("window", {window.width, window.height}, 0);
  if (std::max(std::abs(std::int64_t{window.x}), std::abs(std::int64_t{window.y})) <= kMaxSide) return;
  throw ArgumentError("window: found corner (" + std::to_string(window.x) + ", " + std::to_string(window.y) +
                      "), expected numbers from -2^26 to 2^26");
}

}  // namespace

Rect mask_region(Size mask, const MaskExtent& extent, Size frame) {
  check_side("mask", mask, 1);
  check_side("frame_size", frame, 1);
  const Span columns = side_x(mask, extent).covered(0, frame.width);
  const Span lines = side_y(mask, extent).covered(0, frame.height);
  if (columns.size() == 0 || lines.size() == 0) return {};
  return {columns.begin, lines.begin, columns.size(), lines.size()};
}

void paste_mask(const float* mask, Size size, const MaskExtent& extent, const Rect& window, std::uint8_t* out,
                std::ptrdiff_t stride) {
  check_side("mask", size, 1);
  check_window(window);
  stride = complete_stride("window stride", stride, window.width, window.height);
  for (int y = 0; y < window.height; ++y) std::fill_n(out + y * stride, window.width, std::uint8_t{0});
  const MaskSide across = side_x(size, extent), down = side_y(size, extent);
  const Span columns = across.covered(window.x, window.width), lines = down.covered(window.y, window.height);
  if (columns.size() == 0 || lines.size() == 0) return;
  const Scratch<float> padded = surround_with_zeros(mask, size);
  const Kernels& kernels = active_kernels();
  StretchedRows stretched({padded.data(), 1, {size.width + 2, size.height + 2}}, across.sample(columns), kernels);
  std::uint8_t* corner = out + (lines.begin - window.y) * stride + (columns.begin - window.x);
  const auto width = static_cast<std::size_t>(columns.size());
  const auto cover = [&](int y, std::size_t x, const float* above, const float* below, float fraction) {
    kernels.cover_rows(above, below, fraction, std::min(stretched.tile(), width - x), corner + y * stride + x);
  };
  for_each_tile(stretched, down.sample(lines), cover);
}

}  // namespace gcv
