#include "crop_warp.h"

#include <algorithm>
#include <cmath>

#include "pixel_rows.h"
#include "warp_positions.h"

namespace gcv {
namespace {

/// Two opposite corners, and the way from the first to the second turned by a right angle and set on it; in single
/// precision, as there.
Triangle with_third(const Point& first, const Point& second) {
  const auto x1 = static_cast<float>(first.x), y1 = static_cast<float>(first.y);
  const auto x2 = static_cast<float>(second.x), y2 = static_cast<float>(second.y);
  return {Point{x1, y1}, Point{x2, y2}, Point{x2 - (y1 - y2), y2 + (x1 - x2)}};
}

double pad_length(double whole, int part) { return std::floor((whole - part) / 2); }

/// From an input to the frame of which it shows a crop: cv_cropBox in gluoncv/data/transforms/pose.py.
AffineMap map_to_frame(const Rect& crop, Size input) {
  const int width = crop.width - 1, height = crop.height - 1;
  const double high = std::max<double>(height, static_cast<double>(width) * input.height / input.width);
  const double wide = high * input.width / input.height;
  const double beside = pad_length(wide, width), above = pad_length(high, height);
  const Triangle seen =
      with_third({crop.x - beside, crop.y - above}, {crop.x + width + beside, crop.y + height + above});
  return invert(map_triangle(seen, with_third({0, 0}, {input.width - 1.0, input.height - 1.0})));
}

}  // namespace

CropWarp::CropWarp(const ImageView& frame, const Rect& crop, Size input, std::uint8_t pad, const Kernels& kernels)
    : crop_(crop), pad_{pad, pad, pad}, to_frame_(map_to_frame(crop, input)) {
  for (int x = 0; x < input.width; ++x) {
    columns_.push_back(round_warped(to_frame_[0] * x));
    lines_.push_back(round_warped(to_frame_[3] * x));
  }
  if (is_yuv(frame.format)) {
    convert(frame, kernels);
    return;
  }
  step_ = channel_count(frame.format);
  channels_ = std::min(step_, 3);
  first_ = frame.row(crop.y) + static_cast<std::ptrdiff_t>(crop.x) * step_;
  stride_ = frame.stride;
}

void CropWarp::convert(const ImageView& frame, const Kernels& kernels) {
  PixelRows pixels(frame, crop_.x, crop_.x + crop_.width, kernels);
  channels_ = 3;
  step_ = pixels.step();
  stride_ = static_cast<std::ptrdiff_t>(crop_.width) * step_;
  colors_.resize(static_cast<std::size_t>(stride_) * crop_.height);
  for (int y = 0; y < crop_.height; ++y) {
    const std::uint8_t* row = pixels.row(crop_.y + y) + static_cast<std::ptrdiff_t>(crop_.x) * step_;
    std::copy_n(row, stride_, colors_.data() + y * stride_);
  }
  first_ = colors_.data();
}

const std::uint8_t* CropWarp::pixel(std::int64_t x, std::int64_t y) const {
  const bool is_inside = x >= 0 && x < crop_.width && y >= 0 && y < crop_.height;
  return is_inside ? first_ + y * stride_ + x * step_ : pad_.data();
}

void CropWarp::blend(std::int64_t x, std::int64_t y, std::uint8_t* out) const {
  const std::int64_t column = (x >> kWarpDrop) - crop_.x, line = (y >> kWarpDrop) - crop_.y;
  const auto right = static_cast<int>(x & (kWarpOne - 1)), below = static_cast<int>(y & (kWarpOne - 1));
  const std::uint8_t* const corners[4] = {pixel(column, line), pixel(column + 1, line), pixel(column, line + 1),
                                          pixel(column + 1, line + 1)};
  constexpr int kWhole = kWarpOne;
  const int weights[4] = {(kWhole - right) * (kWhole - below), right * (kWhole - below), (kWhole - right) * below,
                          right * below};
  for (int c = 0; c < channels_; ++c) {
    int sum = kWhole * kWhole / 2;
    for (int k = 0; k < 4; ++k) sum += weights[k] * corners[k][c];
    out[c] = static_cast<std::uint8_t>(sum / (kWhole * kWhole));
  }
}

void CropWarp::write_row(int y, std::uint8_t* out) const {
  const std::int64_t column = round_warped(to_frame_[1] * y + to_frame_[2]) + kWarpHalf;
  const std::int64_t line = round_warped(to_frame_[4] * y + to_frame_[5]) + kWarpHalf;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    blend((column + columns_[i]) >> kWarpDrop, (line + lines_[i]) >> kWarpDrop, out + kResampledStep * i);
  }
}

}  // namespace gcv
