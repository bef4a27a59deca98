#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// Key points of people (or other things with joints), person after person.
struct GCV_EDGE_API Poses {
  std::size_t joints = 0;                       ///< key points of one person
  std::vector<std::array<float, 2>> keypoints;  ///< [people, joints]: x, y in pixels of the frame
  std::vector<float> scores;                    ///< [people, joints]: height of each key point's peak
  std::vector<std::array<float, 4>> boxes;      ///< where each was looked for, pixels of the frame
  Labels labels;                                ///< names of the key points; empty where the file has none
  Speed speed;                                  ///< all boxes together

  std::size_t size() const { return boxes.size(); }

  /// Name of a key point.
  std::string name(std::size_t joint) const { return labels.name(static_cast<std::int64_t>(joint), "keypoint"); }
};

}  // namespace gcv
