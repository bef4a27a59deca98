#pragma once

#include <cstdint>
#include <optional>

#include "gcv_edge/image.h"
#include "kernels.h"
#include "scratch.h"
#include "yuv_rows.h"

namespace gcv {

/// Rows of a frame as interleaved colours; those of luma and chroma are converted. Every thread needs its own.
class PixelRows {
 public:
  /// Only pixels `begin` to `end` - 1 of each row are needed. The frame, a complete one, must outlive it.
  PixelRows(const ImageView& frame, int begin, int end, const Kernels& kernels);
  ~PixelRows();
  PixelRows(const PixelRows&) = delete;
  PixelRows& operator=(const PixelRows&) = delete;

  /// Bytes of a pixel.
  int step() const { return step_; }

  /// Bytes of a row, the needed ones among them.
  int row_bytes() const { return frame_.width * step_; }

  /// First pixel of row y; valid until the next call.
  const std::uint8_t* row(int y);

 private:
  const ImageView& frame_;
  const Kernels& kernels_;
  int step_, begin_, count_ = 0;
  std::optional<YuvRows> yuv_;
  YuvWeights weights_{};
  Scratch<std::uint8_t> colors_;
};

/// Which byte of a PixelRows' pixel is red, green and blue, or the other way around.
PixelLayout color_layout(PixelFormat format, bool blue_first);

}  // namespace gcv
