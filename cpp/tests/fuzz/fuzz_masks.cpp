// Masks of any numbers, anywhere: the same pixels on every instruction set, all of them 0 or 1.

#include "bytes.h"
#include "gcv_edge/error.h"
#include "gcv_edge/masks.h"
#include "same_bits.h"

namespace {

float draw_corner(Bytes& bytes) {
  return bytes.between(0, 7) == 0 ? bytes.number() : 0.5f * static_cast<float>(bytes.between(-60, 190));
}

/// Bytes from a row to the next: enough, none, or too few.
std::ptrdiff_t draw_stride(Bytes& bytes, int width) {
  const int kind = bytes.between(0, 3);
  return kind == 0 ? 0 : kind == 1 ? bytes.between(1, 60) - 30 : width + bytes.between(0, 5);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const gcv::Size cells{bytes.between(1, 20), bytes.between(1, 20)}, frame{bytes.between(1, 90), bytes.between(1, 20)};
  std::vector<float> mask(static_cast<std::size_t>(cells.width) * cells.height);
  gcv::MaskExtent extent{};
  for (float& corner : extent) corner = draw_corner(bytes);
  const gcv::Rect windows[] = {gcv::mask_region(cells, extent, frame),
                               {0, 0, frame.width, frame.height},
                               {bytes.between(-90, 90), bytes.between(-20, 20), bytes.between(0, 70), 5}};
  const gcv::Rect window = windows[bytes.between(0, 2)];
  const std::ptrdiff_t stride = draw_stride(bytes, window.width);
  for (float& value : mask) value = bytes.is_empty() ? 0.75f : bytes.number();
  const bool overlaps = stride != 0 && std::abs(stride) < window.width;
  const std::ptrdiff_t apart = overlaps ? 0 : stride == 0 ? window.width : std::abs(stride);
  const std::size_t before = stride < 0 ? apart * std::max(window.height - 1, 0) : 0;
  try {
    const auto found = same_on_every_isa<std::uint8_t>([&] {
      std::vector<std::uint8_t> out(before + apart * std::max(window.height - 1, 0) + window.width);
      gcv::paste_mask(mask.data(), cells, extent, window, out.data() + before, stride);
      return out;
    });
    require(!overlaps);
    for (const std::uint8_t covered : found) require(covered <= 1);
  } catch (const gcv::ArgumentError&) {
    require(overlaps);
  }
  return 0;
}
