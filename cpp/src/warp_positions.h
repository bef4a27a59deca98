#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace gcv {

/// OpenCV's warpAffine computes positions in 2^-10 of a pixel and uses them in 2^-5.
constexpr double kWarpScale = 1024;
constexpr int kWarpDrop = 5;
constexpr int kWarpOne = 32;
/// What is added to a position before its last bits are dropped.
constexpr std::int64_t kWarpHalf = std::int64_t{1} << (kWarpDrop - 1);

/// Round a position to 2^-10 of a pixel. Far outside every frame it stays a number that can be added up.
inline std::int64_t round_warped(double position) {
  constexpr double kFar = 1e12;
  return std::llrint(std::clamp(position, -kFar, kFar) * kWarpScale);
}

}  // namespace gcv
