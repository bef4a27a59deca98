#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// One class with its probability.
struct Prediction {
  std::int32_t class_id = 0;
  std::string label;
  float probability = 0;
};

/// What a frame or a video shows, as one class of many.
struct GCV_EDGE_API Classification {
  std::vector<float> logits;  ///< as the network gives them
  Labels labels;              ///< class names; empty where the file has none
  Speed speed;

  std::size_t size() const { return logits.size(); }

  /// Softmax of the logits.
  std::vector<float> probabilities() const;

  /// The k most probable classes, best first.
  std::vector<Prediction> top(int k = 5) const;
};

/// Turn logits into probabilities that sum to 1. Computed in double precision and rounded once.
///
/// A logit that is NaN stays NaN and takes no part in the others; infinite logits share everything.
/// `out` has room for `count` numbers and may be `logits` itself. Throws ArgumentError for a negative count.
GCV_EDGE_API void softmax(const float* logits, std::int64_t count, float* out);

/// Positions of the `k` largest of `count` scores, largest first; of equal scores the lower position first, NaN last.
///
/// All positions where `k` is over `count`, none where it is 0 or less. Throws ArgumentError unless 0 <= count < 2^31.
GCV_EDGE_API std::vector<std::int32_t> top_k(const float* scores, std::int64_t count, int k);

}  // namespace gcv
