// Frames of every format in every way of resizing, and crops of them: the same bits on every instruction set, or
// ArgumentError.

#include <array>

#include "frames.h"
#include "gcv_edge/error.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/person_crop.h"
#include "gcv_edge/preprocess.h"
#include "same_bits.h"

namespace {

gcv::Normalization draw_normalization(Bytes& bytes) {
  gcv::Normalization normalization;
  for (float& mean : normalization.mean) mean = bytes.between(0, 9) == 0 ? bytes.number() : 100;
  for (float& scale : normalization.scale) scale = bytes.between(0, 9) == 0 ? bytes.number() : 3;
  normalization.reverse_channels = bytes.between(0, 1) == 1;
  normalization.pad_value = bytes.between(0, 9) == 0 ? bytes.number() : static_cast<float>(bytes.between(0, 255));
  normalization.channels = bytes.between(0, 2) == 0 ? 1 : 3;
  return normalization;
}

/// A crop inside the frame, or around it.
gcv::Rect draw_crop(Bytes& bytes, gcv::Size frame) {
  if (bytes.between(0, 1) == 1) {
    std::array<float, 4> box{};
    for (float& value : box) value = static_cast<float>(draw_coordinate(bytes));
    return gcv::crop_box(box, frame);
  }
  return {bytes.between(-1, frame.width), bytes.between(-1, frame.height), bytes.between(-1, frame.width),
          bytes.between(-1, frame.height)};
}

template <typename T>
void run(Bytes& bytes, const AnyFrame& frame) {
  const gcv::Size input{bytes.between(1, 50), bytes.between(1, 12)};
  const gcv::Size size{frame.view().width, frame.view().height};
  const bool is_crop = bytes.between(0, 3) == 0;
  const gcv::Rect crop = is_crop ? draw_crop(bytes, size) : gcv::Rect{};
  const gcv::Placement placement = is_crop ? gcv::place_crop(crop, input) : draw_placement(bytes, size, input);
  const gcv::Normalization normalization = draw_normalization(bytes);
  const auto interpolation = static_cast<gcv::Interpolation>(bytes.between(0, 6));
  const auto fill = [&](const gcv::ImageView& view) {
    std::vector<T> out(static_cast<std::size_t>(normalization.channels) * input.width * input.height);
    if (is_crop) {
      gcv::preprocess_crop(view, crop, normalization, input, out.data());
    } else {
      gcv::preprocess(view, placement, normalization, input, out.data(), 0, interpolation);
    }
    return out;
  };
  const std::vector<T> found = same_on_every_isa<T>([&] { return fill(frame.view()); });
  const gcv::Frame copy = gcv::copy_frame(frame.view());
  const std::vector<T> again = fill(copy.image);
  require(std::memcmp(found.data(), again.data(), found.size() * sizeof(T)) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const bool is_float = bytes.between(0, 1) == 1;
  const AnyFrame frame(bytes);
  try {
    is_float ? run<float>(bytes, frame) : run<std::uint8_t>(bytes, frame);
  } catch (const gcv::ArgumentError&) {
  }
  return 0;
}
