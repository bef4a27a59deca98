// Logits of any numbers: the same classes on every instruction set, in 8 bits and in 32.

#include <algorithm>

#include "bytes.h"
#include "frames.h"
#include "gcv_edge/error.h"
#include "gcv_edge/maps.h"
#include "gcv_edge/segmentation.h"
#include "same_bits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const gcv::Size map{bytes.between(1, 30), bytes.between(1, 12)}, frame{bytes.between(1, 150), bytes.between(1, 20)};
  const gcv::Size input{bytes.between(1, 96), bytes.between(1, 64)};
  const int classes = bytes.between(1, 6);
  try {
    const gcv::Placement placement = draw_placement(bytes, frame, input);
    std::vector<float> logits(static_cast<std::size_t>(classes) * map.width * map.height);
    const float rest = bytes.number();
    for (float& value : logits) value = bytes.is_empty() ? rest : bytes.number();
    const auto run = [&](auto none) {
      return same_on_every_isa<decltype(none)>([&] {
        std::vector<decltype(none)> out(static_cast<std::size_t>(frame.width) * frame.height);
        gcv::segment(logits.data(), classes, map, placement, input, frame, out.data());
        return out;
      });
    };
    const auto narrow = run(std::uint8_t{});
    const auto wide = run(std::int32_t{});
    require(std::equal(narrow.begin(), narrow.end(), wide.begin()));
    for (const std::int32_t id : wide) require(id >= 0 && id < classes);
  } catch (const gcv::ArgumentError&) {
  }
  return 0;
}
