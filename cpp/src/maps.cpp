#include "gcv_edge/maps.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "gcv_edge/error.h"
#include "kernels.h"
#include "sizes.h"
#include "stretched_rows.h"

namespace gcv {
namespace {

LevelScale scale_between(float low, float high) {
  const float factor = 255 / (high - low);
  if (!std::isfinite(low) || !std::isfinite(high) || !(low < high) || !std::isfinite(factor) || factor == 0) {
    throw ArgumentError("low and high: found " + std::to_string(low) + " and " + std::to_string(high) +
                        ", expected finite numbers, low below high");
  }
  return {low, factor};
}

}  // namespace

void resize_map(const float* values, Size map, const Placement& placement, Size input, Size frame, float* out) {
  check_sizes({{"values", map}, {"input_size", input}, {"frame_size", frame}});
  const Kernels& kernels = active_kernels();
  const auto [columns, lines] = sample_map(placement, map, input, frame);
  StretchedRows stretched({values, 1, map}, columns, kernels);
  const auto width = static_cast<std::size_t>(frame.width);
  for_each_tile(stretched, lines, [&](int y, std::size_t x, const float* above, const float* below, float fraction) {
    kernels.lerp_rows(above, below, fraction, std::min(stretched.tile(), width - x), out + y * width + x);
  });
}

void to_pixels(const float* image, int channels, Size size, float low, float high, bool reverse_channels,
               std::uint8_t* out) {
  check_sizes({{"image", size}});
  if (channels != 1 && channels != 3) {
    throw ArgumentError("image: found " + std::to_string(channels) + " channels, expected 1 or 3");
  }
  const LevelScale scale = scale_between(low, high);
  const auto count = static_cast<std::size_t>(size.width) * size.height;
  if (channels == 1) {
    active_kernels().level_row(image, scale, count, out);
    return;
  }
  const float* planes[3] = {image, image + count, image + 2 * count};
  if (reverse_channels) std::swap(planes[0], planes[2]);
  active_kernels().level_rows3(planes, scale, count, out);
}

}  // namespace gcv
