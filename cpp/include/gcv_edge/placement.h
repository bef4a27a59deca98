#pragma once

#include <string_view>

#include "gcv_edge/export.h"

namespace gcv {

struct Size {
  int width = 0;
  int height = 0;
};

struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
};

struct RectF {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Point {
  double x = 0, y = 0;
};

/// Which part of a frame lands where in a network's input.
///
/// `source` is in frame pixels and may reach outside the frame; `target` is in input pixels. Whatever of the
/// input has no frame pixel behind it is padding.
class GCV_EDGE_API Placement {
 public:
  /// Throws ArgumentError unless the numbers are finite, sizes positive and the target's corner not negative.
  Placement(const RectF& source, const Rect& target);

  const RectF& source() const { return source_; }
  const Rect& target() const { return target_; }

  /// Map a point in input pixels to frame pixels; (0, 0) is the outer corner of the first pixel.
  Point to_frame(Point point) const {
    return {(point.x - target_.x) * source_.width / target_.width + source_.x,
            (point.y - target_.y) * source_.height / target_.height + source_.y};
  }

  /// Map a point in frame pixels to input pixels.
  Point to_input(Point point) const {
    return {(point.x - source_.x) * target_.width / source_.width + target_.x,
            (point.y - source_.y) * target_.height / source_.height + target_.y};
  }

 private:
  RectF source_;
  Rect target_;
};

/// Size that a frame gets in proportion: the short side `short_side`, but the long side at most `long_side`; lengths
/// are rounded, halves to even numbers. As gluoncv.data.transforms.image.resize_short_within. Throws ArgumentError for
/// lengths that are not positive.
GCV_EDGE_API Size fit_sides(Size frame, int short_side, int long_side);

/// Place a frame in a network's input.
///
/// `resize_type`: "standard" stretches; "fit_to_window" keeps the aspect ratio, top-left;
/// "fit_to_window_letterbox" keeps it, centred; "crop" resizes the short side to `crop_short` pixels (0: the
/// input's short side) and takes the centre, as GluonCV's presets.imagenet.transform_eval does. With `crop_wide` the
/// frame is stretched to crop_wide x crop_short (0: the input's height) instead, as GluonCV's readers of videos do, and
/// the centre is that of data.transforms.video.VideoCenterCrop.
/// "affine" is GluonCV's get_affine_transform(centre, longer side): a square of the frame's longer side, around its
/// centre, fills the input's width.
/// Throws ArgumentError for an unknown type, sizes that are not positive or a negative length.
GCV_EDGE_API Placement place(std::string_view resize_type, Size frame, Size input, int crop_short = 0,
                             int crop_wide = 0);

/// Map `count` boxes (x1, y1, x2, y2; input pixels) to frame pixels, clipped to the frame. NaN becomes 0.
GCV_EDGE_API void boxes_to_frame(const float* boxes, int count, const Placement& placement, Size frame, float* out);

}  // namespace gcv
