// Heat maps of any numbers: the same key points on every instruction set; the score is that of no lower cell.

#include <cmath>

#include "bytes.h"
#include "frames.h"
#include "gcv_edge/error.h"
#include "gcv_edge/heatmap.h"
#include "same_bits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const gcv::Size map{bytes.between(1, 40), bytes.between(1, 12)}, input{96, 64}, frame{70, 50};
  const int count = bytes.between(0, 3);
  try {
    const gcv::Placement placement = draw_placement(bytes, frame, input);
    const std::size_t cells = static_cast<std::size_t>(map.width) * map.height;
    std::vector<float> maps(cells * count);
    const float rest = bytes.number();
    for (float& value : maps) value = bytes.is_empty() ? rest : bytes.number();
    const auto found = same_on_every_isa<float>([&] {
      std::vector<float> numbers(3 * static_cast<std::size_t>(count));
      gcv::decode_heatmaps(maps.data(), count, map, placement, input, numbers.data(), numbers.data() + 2 * count);
      return numbers;
    });
    for (std::size_t i = 0; i < maps.size(); ++i) require(!(maps[i] > found[2 * count + i / cells]));
  } catch (const gcv::ArgumentError&) {
  }
  return 0;
}
