#pragma once

#include <list>
#include <memory>

#include "bytes.h"
#include "gcv_edge/image.h"
#include "gcv_edge/placement.h"

/// A frame of any format whose planes lie anywhere, each in memory of exactly its size.
class AnyFrame {
 public:
  explicit AnyFrame(Bytes& bytes) : bytes_(bytes) {
    view_.format = static_cast<gcv::PixelFormat>(bytes.between(0, 9));
    view_.matrix = static_cast<gcv::YuvMatrix>(bytes.between(0, 1));
    view_.range = static_cast<gcv::YuvRange>(bytes.between(0, 1));
    const int unit = gcv::is_yuv(view_.format) ? 2 : 1;
    view_.width = unit * bytes.between(1, 40 / unit);
    view_.height = unit * bytes.between(1, 12 / unit);
    const gcv::ImagePlane first = draw_plane(view_.width * gcv::channel_count(view_.format), view_.height);
    view_.data = first.data;
    view_.stride = first.stride;
    const bool is_i420 = view_.format == gcv::PixelFormat::i420;
    const bool has_pairs = view_.format == gcv::PixelFormat::nv12 || view_.format == gcv::PixelFormat::nv21;
    const int planes = is_i420 ? 2 : has_pairs ? 1 : 0;
    for (int i = 0; i < planes; ++i) {
      view_.chroma[i] = draw_plane(is_i420 ? view_.width / 2 : view_.width, view_.height / 2);
    }
  }

  const gcv::ImageView& view() const { return view_; }

 private:
  gcv::ImagePlane draw_plane(int row, int rows) {
    const std::ptrdiff_t stride = row + bytes_.between(0, 5);
    const std::ptrdiff_t last = (rows - 1) * stride;
    auto& memory = planes_.emplace_back(new std::uint8_t[last + row]);
    const int step = bytes_.between(0, 255);
    for (std::ptrdiff_t i = 0; i < last + row; ++i) {
      memory[i] = bytes_.is_empty() ? static_cast<std::uint8_t>(step * i) : bytes_.take<std::uint8_t>();
    }
    const bool is_upwards = bytes_.between(0, 3) == 0;
    return is_upwards ? gcv::ImagePlane{memory.get() + last, -stride} : gcv::ImagePlane{memory.get(), stride};
  }

  Bytes& bytes_;
  gcv::ImageView view_;
  std::list<std::unique_ptr<std::uint8_t[]>> planes_;
};

/// A number near those of a frame, or an odd one.
inline double draw_coordinate(Bytes& bytes) {
  return bytes.between(0, 7) == 0 ? bytes.number() : 0.25 * bytes.between(-100, 155);
}

/// Which part of a frame lands in an input; throws ArgumentError for numbers that make none.
inline gcv::Placement draw_placement(Bytes& bytes, gcv::Size frame, gcv::Size input) {
  const int x = bytes.between(0, input.width - 1), y = bytes.between(0, input.height - 1);
  const gcv::Rect target{x, y, bytes.between(1, input.width - x), bytes.between(1, input.height - y)};
  const int kind = bytes.between(0, 2);
  if (kind == 0) return {{0, 0, 1.0 * frame.width, 1.0 * frame.height}, target};
  if (kind == 1) return {{0, 0, 1.0 * target.width, 1.0 * target.height}, target};
  const double left = draw_coordinate(bytes), top = draw_coordinate(bytes);
  return {{left, top, draw_coordinate(bytes), draw_coordinate(bytes)}, target};
}
