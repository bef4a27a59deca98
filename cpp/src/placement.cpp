#include "gcv_edge/placement.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdint>
#include <string>

#include "gcv_edge/error.h"
#include "sizes.h"

namespace gcv {
namespace {

Placement stretch(Size frame, Rect target) {
  return {{0, 0, static_cast<double>(frame.width), static_cast<double>(frame.height)}, target};
}

Size fit(Size frame, Size input) {
  const double scale =
      std::min(static_cast<double>(input.width) / frame.width, static_cast<double>(input.height) / frame.height);
  return {std::clamp(static_cast<int>(std::lround(frame.width * scale)), 1, input.width),
          std::clamp(static_cast<int>(std::lround(frame.height * scale)), 1, input.height)};
}

/// Size after MXNet's Resize(short_side, keep_ratio=True): the long side is rounded down.
Size resize_short(Size frame, int short_side) {
  const std::int64_t width = frame.width, height = frame.height;
  const std::int64_t long_side = std::max(width, height) * short_side / std::min(width, height);
  const int clamped = static_cast<int>(std::min<std::int64_t>(long_side, INT_MAX));
  return width < height ? Size{short_side, clamped} : Size{clamped, short_side};
}

/// MXNet's image.scale_down: the largest crop of the wanted aspect ratio that fits.
Size fit_crop(Size picture, Size crop) {
  double width = crop.width, height = crop.height;
  if (picture.height < height) {
    width = width * picture.height / height;
    height = picture.height;
  }
  if (picture.width < width) {
    height = height * picture.width / width;
    width = picture.width;
  }
  return {std::max(static_cast<int>(width), 1), std::max(static_cast<int>(height), 1)};
}

/// Which pixels of a frame a crop of the resized frame shows.
Placement cut(Size frame, Size resized, const Rect& crop, Size input) {
  const double step_x = static_cast<double>(frame.width) / resized.width;
  const double step_y = static_cast<double>(frame.height) / resized.height;
  return {{crop.x * step_x, crop.y * step_y, crop.width * step_x, crop.height * step_y},
          {0, 0, input.width, input.height}};
}

Placement crop_centre(Size frame, Size input, int crop_short) {
  const Size resized = resize_short(frame, crop_short > 0 ? crop_short : std::min(input.width, input.height));
  const Size crop = fit_crop(resized, input);
  const int left = (resized.width - crop.width) / 2;
  const int top = (resized.height - crop.height) / 2;
  return cut(frame, resized, {left, top, crop.width, crop.height}, input);
}

/// Half of a length; half a pixel goes to the even one, as Python's round does.
int halve(int length) { return length / 2 + (length & (length / 2) & 1); }

Placement crop_stretched(Size frame, Size input, int crop_short, int crop_wide) {
  const Size resized{crop_wide, crop_short > 0 ? crop_short : input.height};
  const Size crop = fit_crop(resized, input);
  const int left = halve(resized.width - crop.width), top = halve(resized.height - crop.height);
  return cut(frame, resized, {left, top, crop.width, crop.height}, input);
}

/// gluoncv/data/transforms/bbox.py
Placement square_around(Size frame, Size input) {
  const double side = std::max(frame.width, frame.height);
  const double height = side * input.height / input.width;
  return {{(frame.width - side) / 2, (frame.height - height) / 2, side, height}, {0, 0, input.width, input.height}};
}

void check_length(const char* name, int length, int least = 0) {
  if (length < least) {
    throw ArgumentError(std::string(name) + ": found " + std::to_string(length) + ", expected " +
                        std::to_string(least) + " or more");
  }
}

/// Halves go to even numbers, as NumPy's do.
int round_length(double length) { return std::max(static_cast<int>(std::nearbyint(length)), 1); }

float clip(double value, int limit) {
  return static_cast<float>(value > 0 ? std::min(value, static_cast<double>(limit)) : 0);
}

}  // namespace

Placement::Placement(const RectF& source, const Rect& target) : source_(source), target_(target) {
  for (const double value : {source.x, source.y, source.width, source.height}) {
    if (!std::isfinite(value)) throw ArgumentError("placement source: found a number that is not finite");
  }
  if (!(source.width > 0 && source.height > 0)) {
    throw ArgumentError("placement source: found size " + std::to_string(source.width) + "x" +
                        std::to_string(source.height) + ", expected positive numbers");
  }
  if (target.x < 0 || target.y < 0) {
    throw ArgumentError("placement target: found corner (" + std::to_string(target.x) + ", " +
                        std::to_string(target.y) + "), expected 0 or more");
  }
  check_sizes({{"placement target", {target.width, target.height}}});
}

Size fit_sides(Size frame, int short_side, int long_side) {
  check_sizes({{"frame_size", frame}});
  check_length("short_side", short_side, 1);
  check_length("long_side", long_side, 1);
  const double longer = std::max(frame.width, frame.height);
  double scale = static_cast<double>(short_side) / std::min(frame.width, frame.height);
  if (std::nearbyint(scale * longer) > long_side) scale = long_side / longer;
  return {round_length(frame.width * scale), round_length(frame.height * scale)};
}

Placement place(std::string_view resize_type, Size frame, Size input, int crop_short, int crop_wide) {
  check_sizes({{"frame_size", frame}, {"input_size", input}});
  check_length("crop_short", crop_short);
  check_length("crop_wide", crop_wide);
  if (resize_type == "standard") return stretch(frame, {0, 0, input.width, input.height});
  if (resize_type == "crop") {
    return crop_wide > 0 ? crop_stretched(frame, input, crop_short, crop_wide) : crop_centre(frame, input, crop_short);
  }
  if (resize_type == "affine") return square_around(frame, input);
  const Size fitted = fit(frame, input);
  if (resize_type == "fit_to_window") return stretch(frame, {0, 0, fitted.width, fitted.height});
  if (resize_type == "fit_to_window_letterbox") {
    return stretch(frame,
                   {(input.width - fitted.width) / 2, (input.height - fitted.height) / 2, fitted.width, fitted.height});
  }
  throw ArgumentError("resize_type: found '" + std::string(resize_type) +
                      "', expected standard, fit_to_window, fit_to_window_letterbox, crop or affine");
}

void boxes_to_frame(const float* boxes, int count, const Placement& placement, Size frame, float* out) {
  check_sizes({{"frame_size", frame}});
  for (int corner = 0; corner < 2 * count; ++corner) {
    const Point point = placement.to_frame({boxes[2 * corner], boxes[2 * corner + 1]});
    out[2 * corner] = clip(point.x, frame.width);
    out[2 * corner + 1] = clip(point.y, frame.height);
  }
}

}  // namespace gcv
