#include "gcv_edge/frame.h"

#include <algorithm>
#include <vector>

namespace gcv {

Frame copy_frame(const ImageView& image) {
  check_image(image);
  const std::ptrdiff_t row = std::ptrdiff_t{image.width} * channel_count(image.format);
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(row) * image.height);
  for (int y = 0; y < image.height; ++y) std::copy_n(image.row(y), row, pixels->data() + y * row);
  const ImageView view{pixels->data(), image.width, image.height, row, image.format};
  return {view, std::move(pixels), {}, 0};
}

}  // namespace gcv
