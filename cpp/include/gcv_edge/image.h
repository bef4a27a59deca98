#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gcv_edge/export.h"

namespace gcv {

/// How the pixels of a picture lie in memory. The names of cameras' formats are those of V4L2 and FFmpeg.
enum class PixelFormat {
  bgr,
  rgb,
  gray,
  bgra,
  rgba,
  nv12,  ///< planes: luma; U and V in turn for 2x2 pixels
  nv21,  ///< planes: luma; V and U in turn for 2x2 pixels
  i420,  ///< planes: luma; U for 2x2 pixels; V
  yuyv,  ///< luma, U, luma, V for two pixels (YUY2)
  uyvy,  ///< U, luma, V, luma for two pixels
};

/// Read a name: the enumerator's own. Throws ArgumentError for another.
GCV_EDGE_API PixelFormat parse_pixel_format(std::string_view name);

/// Bytes from a pixel to the next in a row of the first plane: 1 to 4. Throws ArgumentError for no enumerator.
GCV_EDGE_API int channel_count(PixelFormat format);

/// Luma and chroma instead of colours.
GCV_EDGE_API bool is_yuv(PixelFormat format);

/// What luma and chroma mean: BT.601 as OpenCV's cvtColor has it, or BT.709, of most pictures in HD.
enum class YuvMatrix { bt601, bt709 };

/// Levels of luma: 16 to 235 (video), or 0 to 255 (JPEG).
enum class YuvRange { limited, full };

/// Read a name: the enumerator's own. Throws ArgumentError for another.
GCV_EDGE_API YuvMatrix parse_yuv_matrix(std::string_view name);
GCV_EDGE_API YuvRange parse_yuv_range(std::string_view name);

/// A plane after the first one.
struct ImagePlane {
  const std::uint8_t* data = nullptr;  ///< nullptr: it follows the plane before it without a gap
  std::ptrdiff_t stride = 0;           ///< as ImageView's
};

/// Somebody else's 8-bit picture; nothing is owned or copied.
///
/// A camera's planes may lie anywhere: {luma, 1920, 1080, 2048, PixelFormat::nv12, {{{chroma, 2048}}}}. Where only the
/// first is given, the others follow it, with its stride (nv12, nv21) or half of it (i420).
struct GCV_EDGE_API ImageView {
  const std::uint8_t* data = nullptr;  ///< top-left pixel, of the first plane
  int width = 0;                       ///< pixels; even where pixels share chroma
  int height = 0;                      ///< pixels; even where rows share chroma
  std::ptrdiff_t stride = 0;           ///< bytes from a row to the next; negative where rows run upwards; 0: no gaps
  PixelFormat format = PixelFormat::bgr;
  std::array<ImagePlane, 2> chroma{};  ///< of nv12 and nv21 (one), and of i420
  YuvMatrix matrix = YuvMatrix::bt601;
  YuvRange range = YuvRange::limited;

  /// A row of the first plane.
  const std::uint8_t* row(int y) const {
    return data + y * (stride == 0 ? std::ptrdiff_t{width} * channel_count(format) : stride);
  }
};

/// The same picture with the pointer and stride of each plane filled in.
///
/// Throws ArgumentError, with what was found and expected, unless there is a picture of 1x1 to 2^26 pixels a side whose
/// rows do not overlap and which memory can hold, in a format that exists.
GCV_EDGE_API ImageView complete_image(const ImageView& image);

/// Throws ArgumentError where complete_image() does.
GCV_EDGE_API void check_image(const ImageView& image);

}  // namespace gcv
