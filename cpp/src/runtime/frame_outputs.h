#pragma once

#include "outputs.h"

namespace gcv {

/// What a network made of one frame.
struct FrameOutputs {
  const Outputs& outputs;
  const Seat& seat;
};

}  // namespace gcv
