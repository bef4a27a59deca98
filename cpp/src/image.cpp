#include "gcv_edge/image.h"

#include <string>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

constexpr int kMaxSide = 1 << 26;

}  // namespace

PixelFormat parse_pixel_format(std::string_view name) {
  if (name == "bgr") return PixelFormat::bgr;
  if (name == "rgb") return PixelFormat::rgb;
  if (name == "gray") return PixelFormat::gray;
  if (name == "bgra") return PixelFormat::bgra;
  if (name == "rgba") return PixelFormat::rgba;
  throw ArgumentError("pixel_format: found '" + std::string(name) + "', expected bgr, rgb, gray, bgra or rgba");
}

int channel_count(PixelFormat format) {
  switch (format) {
    case PixelFormat::gray:
      return 1;
    case PixelFormat::bgra:
    case PixelFormat::rgba:
      return 4;
    default:
      return 3;
  }
}

void check_image(const ImageView& image) {
  if (image.data == nullptr) throw ArgumentError("frame: found no data, expected a picture");
  if (image.width < 1 || image.height < 1 || image.width > kMaxSide || image.height > kMaxSide) {
    throw ArgumentError("frame: found " + std::to_string(image.width) + "x" + std::to_string(image.height) +
                        " pixels, expected 1x1 to 2^26 pixels a side");
  }
}

}  // namespace gcv
