#include "gcv_edge/heatmap.h"

#include <cstdint>
#include <string>

#include "gcv_edge/error.h"
#include "kernels.h"

namespace gcv {
namespace {

struct Peak {
  int index = 0;
  float value = 0;
};

Peak find_peak(const float* map, int cells, const Kernels& kernels) {
  const auto index = static_cast<int>(kernels.find_largest(map, static_cast<std::size_t>(cells)));
  return index == cells ? Peak{} : Peak{index, map[index]};
}

double quarter_step(float before, float after) {
  const float slope = after - before;
  if (slope > 0) return 0.25;
  return slope < 0 ? -0.25 : 0;
}

/// Peak in cells, moved a quarter cell towards the higher neighbour; GluonCV leaves peaks within a cell or two of
/// the border alone.
Point refine_peak(const float* map, Size size, const Peak& peak) {
  const int index = peak.value > 0 ? peak.index : 0;
  const int x = index % size.width, y = index / size.width;
  Point point{static_cast<double>(x), static_cast<double>(y)};
  if (x > 1 && x < size.width - 1 && y > 1 && y < size.height - 1) {
    const float* cell = map + index;
    point.x += quarter_step(cell[-1], cell[1]);
    point.y += quarter_step(cell[-size.width], cell[size.width]);
  }
  return point;
}

void check_cells(const char* name, Size size) {
  if (size.width < 1 || size.height < 1 || static_cast<std::int64_t>(size.width) * size.height > INT32_MAX) {
    throw ArgumentError(std::string(name) + ": found " + std::to_string(size.width) + "x" +
                        std::to_string(size.height) + ", expected 1 to 2^31 - 1 cells");
  }
}

}  // namespace

void decode_heatmaps(const float* heatmaps, int count, Size map, const Placement& placement, Size input,
                     float* keypoints, float* scores) {
  check_cells("heatmaps", map);
  check_cells("input_size", input);
  const Kernels& kernels = active_kernels();
  for (int k = 0; k < count; ++k) {
    const float* cells = heatmaps + static_cast<std::int64_t>(k) * map.width * map.height;
    const Peak peak = find_peak(cells, map.width * map.height, kernels);
    const Point cell = refine_peak(cells, map, peak);
    const Point point = placement.to_frame({cell.x * input.width / map.width, cell.y * input.height / map.height});
    keypoints[2 * k] = static_cast<float>(point.x);
    keypoints[2 * k + 1] = static_cast<float>(point.y);
    scores[k] = peak.value;
  }
}

}  // namespace gcv
