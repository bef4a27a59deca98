#include "axis.h"

#include <algorithm>
#include <cmath>

#include "kernels.h"
#include "rounding.h"

namespace gcv {
namespace {

/// Where a target pixel samples the frame: between pixels `index` and `index` + 1.
struct Sample {
  int index;
  float fraction;
};

// Library functions for rounding are calls on processors without SSE4.1; a small input would feel them.
Sample sample_linear(const SampledSide& side, int i) {
  const auto position = static_cast<float>(side.origin + (i + 0.5) * side.step - 0.5);
  const int index = static_cast<int>(position) - (position < 0 ? 1 : 0);  // it is -0.5 or more
  return {index, position - static_cast<float>(index)};
}

/// Blends only target pixels that the border of two frame pixels goes through.
Sample sample_enlarged_area(const SampledSide& side, int i) {
  const double growth = side.target / side.extent, origin = side.origin * growth;
  const double corner = std::clamp(std::floor(side.origin + i * side.step), -1.0, static_cast<double>(side.frame));
  const auto beyond = static_cast<float>(origin + (i + 1) - (corner + 1) * growth);
  return {static_cast<int>(corner), beyond > 0 && std::isfinite(beyond) ? beyond - std::floor(beyond) : 0};
}

std::int16_t quantize(float weight) {
  return static_cast<std::int16_t>(round_even(weight * static_cast<float>(kWeightOne)));
}

void append(Axis& axis, const Sample& sample, int last, Edges edges) {
  const bool is_edge = sample.index < 0 || sample.index >= last;
  const float fraction = is_edge && edges == Edges::whole ? 0 : sample.fraction;
  axis.index.push_back(std::clamp(sample.index, 0, last));
  axis.next.push_back(std::clamp(sample.index + 1, 0, last));
  axis.weight.push_back(quantize(1 - fraction));
  axis.next_weight.push_back(quantize(fraction));
}

}  // namespace

bool Axis::is_identity() const {
  for (int i = 0; i < count(); ++i) {
    if (next_weight[i] != 0 || index[i] != index[0] + i) return false;
  }
  return true;
}

Axis make_axis(const SampledSide& side, Interpolation interpolation, Edges edges) {
  const auto sample = interpolation == Interpolation::area ? sample_enlarged_area : sample_linear;
  Axis axis;
  for (auto* numbers : {&axis.index, &axis.next}) numbers->reserve(side.target);
  for (auto* weights : {&axis.weight, &axis.next_weight}) weights->reserve(side.target);
  for_each_inside(side, [&](int i) {
    if (axis.index.empty()) axis.first = i;
    append(axis, sample(side, i), side.frame - 1, edges);
  });
  return axis;
}

}  // namespace gcv
