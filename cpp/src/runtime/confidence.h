#pragma once

#include <string>

#include "gcv_edge/error.h"

namespace gcv {

/// Throws ArgumentError unless a score is from 0 to 1.
inline float check_confidence(float confidence) {
  if (confidence >= 0 && confidence <= 1) return confidence;
  throw ArgumentError("confidence: found " + std::to_string(confidence) + ", expected a number from 0 to 1");
}

}  // namespace gcv
