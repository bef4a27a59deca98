#include "gcv_edge/segmentation.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gcv_edge/error.h"
#include "kernels.h"
#include "sizes.h"
#include "stretched_rows.h"

namespace gcv {
namespace {

template <typename T, typename Argmax>
void segment_all(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
                 Argmax argmax, T* out) {
  check_sizes({{"logits", map}, {"input_size", input}, {"frame_size", frame}});
  if (classes < 1) throw ArgumentError("logits: found no class, expected at least one");
  const auto [columns, lines] = sample_map(placement, map, input, frame);
  StretchedRows stretched({logits, classes, map}, columns, active_kernels());
  const auto width = static_cast<std::size_t>(frame.width);
  const std::size_t tile = stretched.tile();
  Scratch<T> ids(tile);
  for_each_tile(stretched, lines, [&](int y, std::size_t x, const float* above, const float* below, float fraction) {
    argmax(above, below, fraction, tile, classes, tile, ids.data());
    std::copy_n(ids.begin(), std::min(tile, width - x), out + y * width + x);
  });
}

}  // namespace

void segment(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
             std::uint8_t* out) {
  if (classes > 256) {
    throw ArgumentError("logits: found " + std::to_string(classes) + " classes, expected at most 256 for 8-bit ids");
  }
  segment_all(logits, classes, map, placement, input, frame, active_kernels().argmax_u8, out);
}

void segment(const float* logits, int classes, Size map, const Placement& placement, Size input, Size frame,
             std::int32_t* out) {
  segment_all(logits, classes, map, placement, input, frame, active_kernels().argmax_i32, out);
}

}  // namespace gcv
