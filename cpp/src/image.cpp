#include "gcv_edge/image.h"

#include <string>

#include "gcv_edge/error.h"
#include "names.h"
#include "sizes.h"
#include "strides.h"

namespace gcv {
namespace {

constexpr std::string_view kFormatNames[] = {"bgr",  "rgb",  "gray", "bgra", "rgba",
                                             "nv12", "nv21", "i420", "yuyv", "uyvy"};
constexpr std::string_view kMatrixNames[] = {"bt601", "bt709"};
constexpr std::string_view kRangeNames[] = {"limited", "full"};
constexpr Names kFormats{"pixel_format", kFormatNames}, kMatrices{"matrix", kMatrixNames},
    kRanges{"range", kRangeNames};

/// Planes of chroma, and the pixels that a byte of their rows stands for.
struct ChromaPlanes {
  std::size_t count;
  int pixels_per_byte;
};

ChromaPlanes chroma_of(PixelFormat format) {
  if (format == PixelFormat::nv12 || format == PixelFormat::nv21) return {1, 1};
  return format == PixelFormat::i420 ? ChromaPlanes{2, 2} : ChromaPlanes{0, 1};
}

std::string to_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height) + " pixels"; }

void check_sides(const ImageView& image) {
  if (image.width < 1 || image.height < 1 || image.width > kMaxSide || image.height > kMaxSide) {
    throw ArgumentError("frame: found " + to_text(image.width, image.height) + ", expected 1x1 to 2^26 pixels a side");
  }
  const bool shares_rows = chroma_of(image.format).count > 0;
  if (is_yuv(image.format) && (image.width % 2 != 0 || (shares_rows && image.height % 2 != 0))) {
    throw ArgumentError("frame: found " + to_text(image.width, image.height) + " of " +
                        std::string(kFormats.name_of(static_cast<int>(image.format))) + ", expected an even width" +
                        (shares_rows ? " and height" : ""));
  }
}

/// Fill in the pointer and stride of each further plane.
void complete_chroma(ImageView& image) {
  const auto [count, pixels_per_byte] = chroma_of(image.format);
  ImagePlane last{image.data, image.stride};
  int last_rows = image.height;
  for (std::size_t i = 0; i < image.chroma.size(); ++i) {
    ImagePlane& plane = image.chroma[i];
    const std::string name = "chroma[" + std::to_string(i) + "]";
    if (i >= count) {
      if (plane.data != nullptr) throw ArgumentError(name + ": found a plane, expected none in this format");
      continue;
    }
    const int rows = image.height / 2;
    if (plane.data == nullptr) {
      if (last.stride < 0) throw ArgumentError(name + ": found no data, expected some where rows run upwards");
      plane.data = last.data + last.stride * last_rows;
      if (plane.stride == 0) plane.stride = image.stride / pixels_per_byte;
    }
    plane.stride = complete_stride(name + " stride", plane.stride, image.width / pixels_per_byte, rows);
    last = plane;
    last_rows = rows;
  }
}

}  // namespace

PixelFormat parse_pixel_format(std::string_view name) { return static_cast<PixelFormat>(kFormats.parse(name)); }
YuvMatrix parse_yuv_matrix(std::string_view name) { return static_cast<YuvMatrix>(kMatrices.parse(name)); }
YuvRange parse_yuv_range(std::string_view name) { return static_cast<YuvRange>(kRanges.parse(name)); }

int channel_count(PixelFormat format) {
  kFormats.name_of(static_cast<int>(format));  // throws for a number that is none
  switch (format) {
    case PixelFormat::bgr:
    case PixelFormat::rgb:
      return 3;
    case PixelFormat::bgra:
    case PixelFormat::rgba:
      return 4;
    case PixelFormat::yuyv:
    case PixelFormat::uyvy:
      return 2;
    default:
      return 1;
  }
}

bool is_yuv(PixelFormat format) { return format >= PixelFormat::nv12; }

ImageView complete_image(const ImageView& image) {
  if (image.data == nullptr) throw ArgumentError("frame: found no data, expected a picture");
  kMatrices.name_of(static_cast<int>(image.matrix));
  kRanges.name_of(static_cast<int>(image.range));
  const int channels = channel_count(image.format);
  check_sides(image);
  ImageView whole = image;
  whole.stride = complete_stride("frame stride", image.stride, std::int64_t{image.width} * channels, image.height);
  complete_chroma(whole);
  return whole;
}

void check_image(const ImageView& image) { complete_image(image); }

}  // namespace gcv
