#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// What makes scores of logits: one class of many, each class by itself, or they are scores already.
enum class Activation { softmax, sigmoid, none };

/// One class with its score.
struct Prediction {
  std::int32_t class_id = 0;
  std::string label;
  float probability = 0;  ///< the score as it is where the activation is none
};

/// What a frame or a video shows: a class of many, or several.
struct GCV_EDGE_API Classification {
  std::vector<float> logits;  ///< as the network gives them
  Labels labels;              ///< class names; empty where the file has none
  Speed speed;
  Activation activation = Activation::softmax;

  std::size_t size() const { return logits.size(); }

  /// The activation of the logits: softmax's sum to 1, sigmoid's are each from 0 to 1, without any they are the logits.
  std::vector<float> probabilities() const;

  /// The k most probable classes, best first; by their logits, so that 1 and almost 1 do not mix.
  std::vector<Prediction> top(int k = 5) const;
};

/// Turn logits into probabilities that sum to 1. Computed in double precision and rounded once.
///
/// A logit that is NaN stays NaN and takes no part in the others; infinite logits share everything.
/// `out` has room for `count` numbers and may be `logits` itself. Throws ArgumentError for a negative count.
GCV_EDGE_API void softmax(const float* logits, std::int64_t count, float* out);

/// Turn every logit into a probability by itself: 1 / (1 + exp(-logit)), in double precision and rounded once.
///
/// NaN stays NaN. `out` has room for `count` numbers and may be `logits` itself. Throws ArgumentError for a negative
/// count.
GCV_EDGE_API void sigmoid(const float* logits, std::int64_t count, float* out);

/// Positions of the `k` largest of `count` scores, largest first; of equal scores the lower position first, NaN last.
///
/// All positions where `k` is over `count`, none where it is 0 or less. Throws ArgumentError unless 0 <= count < 2^31.
GCV_EDGE_API std::vector<std::int32_t> top_k(const float* scores, std::int64_t count, int k);

}  // namespace gcv
