#include "gcv_edge/classification.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

void check_count(std::int64_t count) {
  if (count >= 0 && count <= INT_MAX) return;
  throw ArgumentError("scores: found " + std::to_string(count) + " numbers, expected 0 to 2^31 - 1");
}

float largest(const float* values, std::int64_t count) {
  float best = -std::numeric_limits<float>::infinity();
  for (std::int64_t i = 0; i < count; ++i) best = values[i] > best ? values[i] : best;
  return best;
}

/// The comparison first: infinity minus infinity is no number.
double weigh(float logit, float best) { return logit == best ? 1.0 : std::exp(static_cast<double>(logit) - best); }

}  // namespace

void softmax(const float* logits, std::int64_t count, float* out) {
  check_count(count);
  const float best = largest(logits, count);
  double sum = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (!std::isnan(logits[i])) sum += weigh(logits[i], best);
  }
  for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(weigh(logits[i], best) / sum);
}

void sigmoid(const float* logits, std::int64_t count, float* out) {
  check_count(count);
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(logits[i]))));
  }
}

std::vector<std::int32_t> top_k(const float* scores, std::int64_t count, int k) {
  check_count(count);
  std::vector<std::int32_t> positions(static_cast<std::size_t>(count));
  std::iota(positions.begin(), positions.end(), 0);
  const auto comes_first = [scores](std::int32_t a, std::int32_t b) {
    const bool a_is_nan = std::isnan(scores[a]), b_is_nan = std::isnan(scores[b]);
    if (a_is_nan != b_is_nan) return b_is_nan;
    if (!a_is_nan && scores[a] != scores[b]) return scores[a] > scores[b];
    return a < b;
  };
  const auto kept = std::min<std::int64_t>(std::max(k, 0), count);
  std::partial_sort(positions.begin(), positions.begin() + kept, positions.end(), comes_first);
  positions.resize(static_cast<std::size_t>(kept));
  return positions;
}

}  // namespace gcv
