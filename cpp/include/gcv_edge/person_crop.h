#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gcv_edge/export.h"
#include "gcv_edge/image.h"
#include "gcv_edge/placement.h"
#include "gcv_edge/preprocess.h"

namespace gcv {

/// What a network for poses sees of a frame, given the box of a person.
enum class BoxRule {
  grown,    ///< the box in the input's proportions and 1.25 times as large, as GluonCV's simple pose
  cropped,  ///< crop_box(), and black around it, as GluonCV's alpha pose
};

/// Part of a frame that alpha pose sees of a person, in whole pixels: the box (x1, y1, x2, y2), 20 % wider and higher,
/// or 30 % if it is at most 100 pixels wide, cut off at the frame. Empty (all 0) where that leaves no pixel; NaN is 0.
///
/// As gluoncv.data.transforms.pose.detector_to_alpha_pose. Throws ArgumentError for an empty frame.
GCV_EDGE_API Rect crop_box(const std::array<float, 4>& box, Size frame);

/// Where key points lie that are found in an input which shows a crop (transformBoxInvert of the same module). They are
/// all in the frame's corner where the crop is empty.
GCV_EDGE_API Placement place_crop(const Rect& crop, Size input);

/// Fill an input with a crop of a frame, in its middle: cv_cropBox of the same module, with the bits of OpenCV's
/// warpAffine. The rest has `normalization.pad_value`.
///
/// Both corners of the crop, widened by whole pixels to the input's proportions, come to lie on those of the input; so
/// the map turns by the small angle between their diagonals. An empty crop gives zeros. All else as preprocess(), of
/// which this is a sibling; throws ArgumentError if the crop reaches outside the frame.
GCV_EDGE_API void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization,
                                  Size input, float* out, std::ptrdiff_t plane_stride = 0);

/// The same without normalising: levels.
GCV_EDGE_API void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization,
                                  Size input, std::uint8_t* out, std::ptrdiff_t plane_stride = 0);

}  // namespace gcv
