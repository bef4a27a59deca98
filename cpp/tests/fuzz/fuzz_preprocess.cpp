// Frames of every format in every way of resizing: the same bits on every instruction set, or ArgumentError.

#include "frames.h"
#include "gcv_edge/error.h"
#include "gcv_edge/frame.h"
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

template <typename T>
void run(Bytes& bytes, const AnyFrame& frame) {
  const gcv::Size input{bytes.between(1, 50), bytes.between(1, 12)};
  const gcv::Placement placement = draw_placement(bytes, {frame.view().width, frame.view().height}, input);
  const gcv::Normalization normalization = draw_normalization(bytes);
  const auto interpolation = static_cast<gcv::Interpolation>(bytes.between(0, 6));
  const auto fill = [&](const gcv::ImageView& view) {
    std::vector<T> out(static_cast<std::size_t>(normalization.channels) * input.width * input.height);
    gcv::preprocess(view, placement, normalization, input, out.data(), 0, interpolation);
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
