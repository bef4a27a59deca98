#pragma once

#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// A picture as a vector, near those of pictures of the same thing.
struct GCV_EDGE_API Embedding {
  std::vector<float> vector;  ///< as the network gives it
  Speed speed;

  /// The vector at length 1; zeros stay zeros.
  std::vector<float> direction() const;

  /// Cosine of the angle between two vectors, -1 to 1. Throws ArgumentError if they differ in length.
  float similarity(const Embedding& other) const;
};

}  // namespace gcv
