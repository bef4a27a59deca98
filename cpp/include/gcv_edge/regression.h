#pragma once

#include <cstddef>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// What a network measures in a frame: an age, an angle, a quality.
struct GCV_EDGE_API Regression {
  std::vector<float> values;  ///< as the network gives them
  Labels labels;              ///< their names; empty where the file has none
  Speed speed;

  std::size_t size() const { return values.size(); }
};

}  // namespace gcv
