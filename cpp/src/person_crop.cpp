#include "gcv_edge/person_crop.h"

#include <algorithm>
#include <limits>

#include "sizes.h"

namespace gcv {
namespace {

/// Boxes up to this wide, in pixels, are widened by more.
constexpr float kNarrow = 100;
/// A crop is at least this long, in pixels, where the frame is.
constexpr int kLeastLength = 5;

/// First and last pixel of one side of a crop.
struct CropSide {
  int begin, end;
};

/// NaN becomes 0.
float clip(float value, int frame) { return value > 0 ? std::min(value, static_cast<float>(frame - 1)) : 0; }

CropSide widen(float low, float high, double part, int frame) {
  const double margin = static_cast<double>(high - low) * part / 2;
  const int begin = static_cast<int>(std::max(0.0, low - margin));
  const int end = static_cast<int>(std::min(frame - 1.0, std::max(begin + double{kLeastLength}, high + margin)));
  return {begin, end};
}

}  // namespace

Rect crop_box(const std::array<float, 4>& box, Size frame) {
  check_sizes({{"frame_size", frame}});
  const float left = clip(box[0], frame.width), right = clip(box[2], frame.width);
  const double part = right - left > kNarrow ? 0.2 : 0.3;
  const CropSide columns = widen(left, right, part, frame.width);
  const CropSide rows = widen(clip(box[1], frame.height), clip(box[3], frame.height), part, frame.height);
  if (columns.end <= columns.begin || rows.end <= rows.begin) return {};
  return {columns.begin, rows.begin, columns.end - columns.begin, rows.end - rows.begin};
}

Placement place_crop(const Rect& crop, Size input) {
  check_sizes({{"input_size", input}});
  const Rect whole{0, 0, input.width, input.height};
  if (crop.width < 1 || crop.height < 1) {
    constexpr double kNothing = std::numeric_limits<double>::min();
    return {{0, 0, kNothing, kNothing}, whole};
  }
  const double high = std::max<double>(crop.height, static_cast<double>(crop.width) * input.height / input.width);
  const double wide = high * input.width / input.height;
  const double beside = std::max(0.0, (wide - crop.width) / 2), above = std::max(0.0, (high - crop.height) / 2);
  return {{crop.x - beside, crop.y - above, wide, high}, whole};
}

}  // namespace gcv
