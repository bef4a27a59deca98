#include "gcv_edge/frame.h"

#include <algorithm>
#include <vector>

namespace gcv {
namespace {

/// Rows of a plane.
struct PlaneRows {
  const std::uint8_t* data;
  std::ptrdiff_t stride;
  std::ptrdiff_t bytes;
  int count;
};

std::vector<PlaneRows> list_planes(const ImageView& image) {
  const std::ptrdiff_t row = std::ptrdiff_t{image.width} * channel_count(image.format);
  std::vector<PlaneRows> planes{{image.data, image.stride, row, image.height}};
  const std::ptrdiff_t chroma_row = image.format == PixelFormat::i420 ? row / 2 : row;
  for (const auto& [data, stride] : image.chroma) {
    if (data != nullptr) planes.push_back({data, stride, chroma_row, image.height / 2});
  }
  return planes;
}

}  // namespace

Frame copy_frame(const ImageView& image) {
  const std::vector<PlaneRows> planes = list_planes(complete_image(image));
  std::size_t total = 0;
  for (const PlaneRows& plane : planes) total += static_cast<std::size_t>(plane.bytes) * plane.count;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(total);
  std::uint8_t* out = pixels->data();
  for (const PlaneRows& plane : planes) {
    for (int y = 0; y < plane.count; ++y) out = std::copy_n(plane.data + y * plane.stride, plane.bytes, out);
  }
  ImageView copy = image;
  copy.data = pixels->data();
  copy.stride = 0;
  copy.chroma = {};
  return {copy, std::move(pixels), {}, 0};
}

}  // namespace gcv
