#pragma once

#include "outputs.h"

namespace gcv {

class Crew;

/// What a network made of one frame.
struct FrameOutputs {
  const Outputs& outputs;
  const FrameGeometry& geometry;
  Crew* crew = nullptr;  ///< may help to decode it
};

}  // namespace gcv
