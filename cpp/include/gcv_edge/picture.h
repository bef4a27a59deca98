#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/image.h"
#include "gcv_edge/placement.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// What a network made of a frame, in the network's own size and the frame's channel order.
struct GCV_EDGE_API Picture {
  Size size;
  PixelFormat format = PixelFormat::bgr;  ///< bgr, rgb or gray
  std::vector<std::uint8_t> pixels;       ///< rows without gaps
  Speed speed;

  ImageView view() const {
    return {pixels.data(), size.width, size.height, std::ptrdiff_t{size.width} * channel_count(format), format};
  }
};

}  // namespace gcv
