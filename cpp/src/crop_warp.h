#pragma once

#include <array>
#include <cstdint>

#include "affine.h"
#include "gcv_edge/image.h"
#include "gcv_edge/placement.h"
#include "kernels.h"
#include "scratch.h"

namespace gcv {

/// Rows of an input that shows a crop of a frame through an affine map. Threads may share one.
class CropWarp {
 public:
  /// `frame`, a complete one, must outlive it. `pad` is the level of what lies outside the crop.
  CropWarp(const ImageView& frame, const Rect& crop, Size input, std::uint8_t pad, const Kernels& kernels);

  /// Write row `y`: kResampledStep bytes for each pixel, channels in the frame's order.
  void write_row(int y, std::uint8_t* out) const;

 private:
  using Steps = Scratch<std::int64_t>;

  void convert(const ImageView& frame, const Kernels& kernels);
  const std::uint8_t* pixel(std::int64_t x, std::int64_t y) const;
  void blend(std::int64_t x, std::int64_t y, std::uint8_t* out) const;

  Rect crop_;
  int channels_, step_;
  std::array<std::uint8_t, 3> pad_;
  AffineMap to_frame_;
  Steps columns_, lines_;         ///< what a pixel's place in its row adds to where it samples the frame
  const std::uint8_t* first_;     ///< the crop's upper left pixel
  std::ptrdiff_t stride_;         ///< bytes from a row to the next
  Scratch<std::uint8_t> colors_;  ///< the crop of a frame of luma and chroma
};

}  // namespace gcv
