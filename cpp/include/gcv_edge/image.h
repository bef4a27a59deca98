#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gcv_edge/export.h"

namespace gcv {

/// Order of the bytes of one pixel.
enum class PixelFormat { bgr, rgb, gray, bgra, rgba };

/// Read "bgr", "rgb", "gray", "bgra" or "rgba"; throws ArgumentError for anything else.
GCV_EDGE_API PixelFormat parse_pixel_format(std::string_view name);

/// Bytes of one pixel: 1, 3 or 4.
GCV_EDGE_API int channel_count(PixelFormat format);

/// Somebody else's 8-bit picture; nothing is owned or copied.
struct ImageView {
  const std::uint8_t* data = nullptr;  ///< top-left pixel
  int width = 0;                       ///< pixels
  int height = 0;                      ///< pixels
  std::ptrdiff_t stride = 0;           ///< bytes from a row to the next; negative where rows run upwards
  PixelFormat format = PixelFormat::bgr;

  const std::uint8_t* row(int y) const { return data + y * stride; }
};

/// Throws ArgumentError unless the view describes a picture of 1x1 to 2^26 pixels a side.
GCV_EDGE_API void check_image(const ImageView& image);

}  // namespace gcv
