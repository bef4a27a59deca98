#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// Objects, best first; one entry of each vector per object.
struct GCV_EDGE_API Detections {
  std::vector<std::array<float, 4>> boxes;  ///< x1, y1, x2, y2; a Detector gives pixels of the frame
  std::vector<float> scores;
  std::vector<std::int32_t> class_ids;  ///< from 0
  Labels labels;                        ///< the network's class names; empty where the file has none
  Speed speed;

  std::size_t size() const { return scores.size(); }
  bool empty() const { return scores.empty(); }

  /// Class name of an object.
  std::string name(std::size_t index) const { return labels.name(class_ids[index]); }

  /// The objects with a score over a threshold.
  Detections over(float threshold) const;
};

/// What a Detector returns.
using Result = Detections;

}  // namespace gcv
