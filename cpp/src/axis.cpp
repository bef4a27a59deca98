#include "axis.h"

#include <algorithm>
#include <cmath>

#include "kernels.h"

namespace gcv {
namespace {

void append_sample(Axis& axis, double position, int frame) {
  const double clamped = std::clamp(position, 0.0, static_cast<double>(frame - 1));
  int index = static_cast<int>(clamped);
  int fraction = static_cast<int>(std::lround((clamped - index) * kWeightOne));
  if (fraction == kWeightOne) {
    ++index;
    fraction = 0;
  }
  axis.index.push_back(index);
  axis.fraction.push_back(static_cast<std::int16_t>(fraction));
}

}  // namespace

bool Axis::is_identity() const {
  for (int i = 0; i < count(); ++i) {
    if (fraction[i] != 0 || index[i] != index[0] + i) return false;
  }
  return true;
}

Axis make_axis(double origin, double extent, int target, int frame) {
  Axis axis;
  axis.index.reserve(target);
  axis.fraction.reserve(target);
  const double step = extent / target;
  for (int i = 0; i < target; ++i) {
    const double centre = origin + (i + 0.5) * step;
    if (!(centre >= 0 && centre < frame)) continue;
    if (axis.index.empty()) axis.first = i;
    append_sample(axis, centre - 0.5, frame);
  }
  return axis;
}

}  // namespace gcv
