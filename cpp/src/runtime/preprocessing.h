#pragma once

#include "engine.h"
#include "gcv_edge/image.h"
#include "gcv_edge/model_metadata.h"

namespace gcv {

class Crew;

/// One frame's place in an input tensor: a whole picture [3, H, W] of the batch, or a moment of a clip [3, T, H, W].
struct InputSlice {
  const EngineTensor& input;
  std::size_t row = 0;     ///< of the batch
  std::size_t moment = 0;  ///< of a clip

  Size size() const;
};

/// Fit a frame into a slice, the way the file says; returns what landed where.
Placement fill(const ImageView& frame, const Preprocessing& preprocessing, const InputSlice& slice,
               Crew* crew = nullptr);

/// Resize and normalise part of a frame into a slice.
void sample(const ImageView& frame, const Preprocessing& preprocessing, const Placement& placement,
            const InputSlice& slice, Crew* crew = nullptr);

/// Show a crop of a frame in a slice, normalised: preprocess_crop().
void sample_crop(const ImageView& frame, const Preprocessing& preprocessing, const Rect& crop, const InputSlice& slice,
                 Crew* crew = nullptr);

}  // namespace gcv
