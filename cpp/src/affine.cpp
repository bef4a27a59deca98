#include "affine.h"

#include <cmath>
#include <limits>
#include <utility>

namespace gcv {
namespace {

constexpr int kUnknowns = 6;
/// OpenCV takes a pivot below this for 0.
constexpr double kLeastPivot = 100 * std::numeric_limits<double>::epsilon();

using Row = std::array<double, kUnknowns + 1>;  // the last number is the right side
using Equations = std::array<Row, kUnknowns>;

/// Gaussian elimination with partial pivoting in OpenCV's order of operations: the result must have its bits.
AffineMap solve(Equations rows) {
  for (int i = 0; i < kUnknowns; ++i) {
    int pivot = i;
    for (int j = i + 1; j < kUnknowns; ++j) {
      if (std::abs(rows[j][i]) > std::abs(rows[pivot][i])) pivot = j;
    }
    if (std::abs(rows[pivot][i]) < kLeastPivot) return {};
    std::swap(rows[i], rows[pivot]);
    const double factor = -1 / rows[i][i];
    for (int j = i + 1; j < kUnknowns; ++j) {
      const double times = rows[j][i] * factor;
      for (int k = i + 1; k <= kUnknowns; ++k) rows[j][k] += times * rows[i][k];
    }
  }
  AffineMap found{};
  for (int i = kUnknowns - 1; i >= 0; --i) {
    double rest = rows[i][kUnknowns];
    for (int k = i + 1; k < kUnknowns; ++k) rest -= rows[i][k] * found[k];
    found[i] = rest / rows[i][i];
  }
  return found;
}

}  // namespace

AffineMap map_triangle(const Triangle& from, const Triangle& to) {
  Equations rows{};
  for (int i = 0; i < 3; ++i) {
    rows[2 * i] = {from[i].x, from[i].y, 1, 0, 0, 0, to[i].x};
    rows[2 * i + 1] = {0, 0, 0, from[i].x, from[i].y, 1, to[i].y};
  }
  return solve(rows);
}

AffineMap invert(const AffineMap& map) {
  const double determinant = map[0] * map[4] - map[1] * map[3];
  const double factor = determinant == 0 ? 0 : 1 / determinant;
  const double a = map[4] * factor, b = map[1] * -factor, c = map[3] * -factor, d = map[0] * factor;
  return {a, b, -a * map[2] - b * map[5], c, d, -c * map[2] - d * map[5]};
}

}  // namespace gcv
