#include "taps.h"

#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "warp_positions.h"

namespace gcv {
namespace {

/// OpenCV's fixed-point weights are whole numbers of this.
constexpr auto kTapOne = static_cast<float>(kWeightOne);
/// Lifts an exact half over what would be rounded to even, where OpenCV rounds it up. Such sums are multiples of 2^-10.
constexpr float kHalfUp = 1.0f / 4096;

/// Fills Taps pixel by pixel; frame pixels outside the frame are those of its edge.
class TapsBuilder {
 public:
  TapsBuilder(const SampledSide& side, int width, float total) : side_(side) {
    taps_.width = std::min(width, side.frame);
    taps_.total = total;
  }

  /// Begin the next target pixel, whose taps start near `index`.
  void begin(int target, int index) {
    if (taps_.index.empty()) taps_.first = target;
    taps_.index.push_back(std::clamp(index, 0, side_.frame - taps_.width));
    taps_.weights.resize(taps_.weights.size() + taps_.width, 0.0f);
    taps_.outside.push_back(0);
  }

  void add(int index, float weight) {
    const int inside = std::clamp(index, 0, side_.frame - 1);
    const int tap = std::clamp(inside - taps_.index.back(), 0, taps_.width - 1);
    taps_.weights[taps_.weights.size() - taps_.width + tap] += weight;
  }

  /// As add(), but pixels outside are padding.
  void add_or_pad(int index, float weight) {
    if (index >= 0 && index < side_.frame) {
      add(index, weight);
    } else {
      taps_.outside.back() += weight;
    }
  }

  Taps take() { return std::move(taps_); }

 private:
  const SampledSide& side_;
  Taps taps_;
};

Taps make_nearest(const SampledSide& side) {
  TapsBuilder builder(side, 1, 1);
  for_each_inside(side, [&](int i) {
    const double corner = std::floor(side.origin + i * side.step);
    const int index = static_cast<int>(std::clamp(corner, 0.0, side.frame - 1.0));
    builder.begin(i, index);
    builder.add(index, 1);
  });
  return builder.take();
}

float quantize_tap(float weight) { return std::nearbyint(weight * kTapOne); }

// Keys' kernel with a = -0.75, in OpenCV's order of operations: the weights must have its bits.
void add_cubic(TapsBuilder& builder, int index, float x) {
  constexpr float a = -0.75f;
  const float y = 1 - x;
  const float before = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a;
  const float left = ((a + 2) * x - (a + 3)) * x * x + 1;
  const float right = ((a + 2) * y - (a + 3)) * y * y + 1;
  const float after = 1.0f - before - left - right;
  builder.add(index - 1, quantize_tap(before));
  builder.add(index, quantize_tap(left));
  builder.add(index + 1, quantize_tap(right));
  builder.add(index + 2, quantize_tap(after));
}

Taps make_bicubic(const SampledSide& side) {
  TapsBuilder builder(side, 4, kTapOne);
  for_each_inside(side, [&](int i) {
    const auto position = static_cast<float>(side.origin + (i + 0.5) * side.step - 0.5);
    const int index = static_cast<int>(std::floor(position));
    builder.begin(i, index - 1);
    add_cubic(builder, index, position - static_cast<float>(index));
  });
  return builder.take();
}

/// Pixels of a cell of whole size, unweighed: their sum is exact.
Taps make_whole_cells(const SampledSide& side, int cell) {
  TapsBuilder builder(side, cell, static_cast<float>(cell));
  for_each_inside(side, [&](int i) {
    const int index = static_cast<int>(std::lround(side.origin)) + i * cell;
    builder.begin(i, index);
    for (int k = 0; k < cell; ++k) builder.add(index + k, 1);
  });
  return builder.take();
}

/// Parts of a pixel below this are left out, as OpenCV does.
constexpr double kLeastPart = 1e-3;

Taps make_cells(const SampledSide& side) {
  const double step = side.step, frame = side.frame;
  TapsBuilder builder(side, static_cast<int>(std::min(std::ceil(step), frame)) + 1, 1);
  for_each_inside(side, [&](int i) {
    const double start = side.origin + i * step, begin = std::max(start, 0.0), end = std::min(start + step, frame);
    const double cell = start < 0 ? end : std::min(step, frame - begin);
    const int last = static_cast<int>(std::min(std::floor(end), frame - 1));
    const int next = std::min(static_cast<int>(std::ceil(begin)), last);
    builder.begin(i, static_cast<int>(std::floor(begin)));
    if (next - begin > kLeastPart) builder.add(next - 1, static_cast<float>((next - begin) / cell));
    for (int k = next; k < last; ++k) builder.add(k, static_cast<float>(1 / cell));
    if (end - last > kLeastPart) {
      builder.add(last, static_cast<float>(std::min({end - last, 1.0, cell}) / cell));
    }
  });
  return builder.take();
}

bool is_whole(double number) { return std::abs(number - std::nearbyint(number)) < 1e-12 * std::abs(number); }

/// Whether pixels of a target are sums of whole pixels, all in the frame.
bool has_whole_cells(const SampledSide& side) {
  const bool fits = side.origin >= 0 && side.origin + side.extent <= side.frame;
  return fits && is_whole(side.step) && (side.origin == 0 || is_whole(side.origin));
}

TapsPair make_area(const SampledSide& columns, const SampledSide& rows) {
  if (!has_whole_cells(columns) || !has_whole_cells(rows)) return {make_cells(columns), make_cells(rows)};
  const auto wide = static_cast<int>(std::lround(columns.step)), high = static_cast<int>(std::lround(rows.step));
  TapsPair pair{make_whole_cells(columns, wide), make_whole_cells(rows, high)};
  if (wide == 2 && high == 2) pair.rows.rounding = kHalfUp;
  return pair;
}

/// Pillow's fixed-point weights are whole numbers of 1 / this.
constexpr double kPillowOne = 1 << 22;
constexpr double kLanczosRadius = 3;
constexpr double kPi = 3.14159265358979323846;

double lanczos(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= kLanczosRadius) return 0;
  const double angle = kPi * x;
  return kLanczosRadius * std::sin(angle) * std::sin(angle / kLanczosRadius) / (angle * angle);
}

/// As Pillow's precompute_coeffs: a kernel as wide as the target's pixels, cut off at the frame's edges.
Taps make_lanczos(const SampledSide& side) {
  const double widening = std::max(side.step, 1.0), reach = kLanczosRadius * widening;
  const int widest = static_cast<int>(std::min(std::ceil(reach), static_cast<double>(side.frame)));
  TapsBuilder builder(side, 2 * widest + 1, 1);
  std::vector<double> parts;
  for_each_inside(side, [&](int i) {
    const double centre = side.origin + (i + 0.5) * side.step;
    const int first = static_cast<int>(std::max(centre - reach + 0.5, 0.0));
    const int end = static_cast<int>(std::min(centre + reach + 0.5, static_cast<double>(side.frame)));
    double total = 0;
    parts.clear();
    for (int k = first; k < end; ++k) {
      parts.push_back(lanczos((k - centre + 0.5) / widening));
      total += parts.back();
    }
    builder.begin(i, first);
    for (int k = first; k < end; ++k) {
      builder.add(k, static_cast<float>(std::round(parts[k - first] / total * kPillowOne) / kPillowOne));
    }
  });
  return builder.take();
}

TapsPair make_lanczos(const SampledSide& columns, const SampledSide& rows) {
  TapsPair pair{make_lanczos(columns), make_lanczos(rows)};
  pair.columns.are_levels = true;
  return pair;
}

/// Where target pixel `i` samples a side of the frame, in units of kWarpScale.
using WarpPosition = std::int64_t (*)(const SampledSide& side, int i);

std::int64_t warp_column(const SampledSide& side, int i) {
  return round_warped(side.origin) + round_warped(side.step * i);
}

std::int64_t warp_row(const SampledSide& side, int i) { return round_warped(side.origin + side.step * i); }

Taps make_warp(const SampledSide& side, WarpPosition position_of) {
  TapsBuilder builder(side, 2, 1);
  for (int i = 0; i < side.target; ++i) {
    const std::int64_t position = (position_of(side, i) + kWarpHalf) >> kWarpDrop;
    const std::int64_t index = position >> kWarpDrop;
    if (index < -1 || index >= side.frame) continue;
    const auto fraction = static_cast<float>(position & (kWarpOne - 1)) / kWarpOne;
    builder.begin(i, static_cast<int>(index));
    builder.add_or_pad(static_cast<int>(index), 1 - fraction);
    builder.add_or_pad(static_cast<int>(index) + 1, fraction);
  }
  Taps taps = builder.take();
  taps.rounding = kHalfUp;
  return taps;
}

}  // namespace

TapsPair make_taps(const SampledSide& columns, const SampledSide& rows, Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::nearest:
      return {make_nearest(columns), make_nearest(rows)};
    case Interpolation::area:
      return make_area(columns, rows);
    case Interpolation::bicubic:
      return {make_bicubic(columns), make_bicubic(rows)};
    case Interpolation::lanczos:
      return make_lanczos(columns, rows);
    default:
      return {make_warp(columns, warp_column), make_warp(rows, warp_row)};
  }
}

}  // namespace gcv
