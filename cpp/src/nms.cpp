#include "gcv_edge/nms.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "crew.h"
#include "gcv_edge/error.h"
#include "kernels.h"
#include "names.h"
#include "scratch.h"

namespace gcv {
namespace {

constexpr std::size_t kScanBlock = 4096;
/// Scores for which waking helpers is worth it.
constexpr std::size_t kCrewScores = 1 << 17;

/// Candidates as one number each: falling score, then rising class * anchors + anchor, sorts as rising keys.
using Key = std::uint64_t;

std::uint32_t descending_bits(float score) {
  const float positive_zero = score + 0.0f;
  std::uint32_t bits = 0;
  std::memcpy(&bits, &positive_zero, sizeof bits);
  const std::uint32_t ascending = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return ~ascending;
}

float score_of(Key key) {
  const std::uint32_t ascending = ~static_cast<std::uint32_t>(key >> 32);
  const std::uint32_t bits = (ascending >> 31) != 0 ? ascending & 0x7fffffffu : ~ascending;
  float score = 0;
  std::memcpy(&score, &bits, sizeof score);
  return score;
}

/// The best `limit` candidates seen so far. Once full, only better scores are let in.
class TopCandidates {
 public:
  TopCandidates(float threshold, std::size_t limit) : threshold_(threshold), limit_(limit) {}

  float threshold() const { return threshold_; }

  /// Make room for what it ever holds of so many candidates, lest other threads do.
  void reserve(std::size_t count) { keys_.reserve(std::min(count, 2 * std::max(limit_, kScanBlock) + kScanBlock)); }

  void add(Key key) { keys_.push_back(key); }
  void add(const TopCandidates& others) { keys_.append(others.keys_); }

  /// Drop what cannot be among the best any more; called between blocks so that memory stays bounded.
  void shrink() {
    if (keys_.size() / 2 < std::max(limit_, kScanBlock)) return;
    keep_best();
    // The worst kept score itself stays welcome: an equal score of a lower index comes before it.
    const float worst = score_of(*std::max_element(keys_.begin(), keys_.end()));
    threshold_ = std::max(threshold_, std::nextafter(worst, -std::numeric_limits<float>::infinity()));
  }

  Scratch<Key> sorted() {
    keep_best();
    std::sort(keys_.begin(), keys_.end());
    return std::move(keys_);
  }

 private:
  void keep_best() {
    if (keys_.size() <= limit_) return;
    std::nth_element(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(limit_), keys_.end());
    keys_.resize(limit_);
  }

  float threshold_;
  std::size_t limit_;
  Scratch<Key> keys_;
};

/// Scores as [anchors, classes].
struct Scores {
  const float* values;
  std::uint64_t anchors, classes;

  std::size_t count() const { return anchors * classes; }
};

/// Add the candidates among the scores from `begin` to `end`.
void scan(const Scores& scores, std::size_t begin, std::size_t end, const Kernels& kernels, TopCandidates& candidates) {
  std::uint32_t found[kScanBlock];
  for (std::size_t first = begin; first < end; first += kScanBlock) {
    const float* block = scores.values + first;
    const std::size_t size = std::min(kScanBlock, end - first);
    const std::size_t hits = kernels.find_over(block, size, candidates.threshold(), found);
    for (std::size_t i = 0; i < hits; ++i) {
      const std::uint64_t position = first + found[i];
      const std::uint64_t index = position % scores.classes * scores.anchors + position / scores.classes;
      candidates.add(static_cast<Key>(descending_bits(block[found[i]])) << 32 | index);
    }
    candidates.shrink();
  }
}

Scratch<Key> select_candidates(const Scores& scores, const NmsSettings& settings, const Kernels& kernels, Crew* crew) {
  const bool is_limited = settings.nms_topk > 0 && !settings.topk_per_class;
  const auto limit = is_limited ? static_cast<std::size_t>(settings.nms_topk) : scores.count();
  if (scores.count() < kCrewScores) crew = nullptr;
  const TopCandidates none(settings.score_threshold, limit);
  ScratchObjects<TopCandidates> found(static_cast<std::size_t>(count_parts(crew)), none);
  if (is_limited) {
    for (TopCandidates& part : found) part.reserve(scores.count());
  }
  divide(crew, scores.count(), [&](int part, std::size_t begin, std::size_t end) {
    scan(scores, begin, end, kernels, found[static_cast<std::size_t>(part)]);
  });
  for (std::size_t part = 1; part < found.size(); ++part) found[0].add(found[part]);
  return found[0].sorted();
}

/// Tells which candidates are among the first `nms_topk` of their class.
class ClassQuotas {
 public:
  ClassQuotas(std::int64_t classes, const NmsSettings& settings)
      : limit_(settings.nms_topk), taken_(settings.topk_per_class && settings.nms_topk > 0 ? classes : 0) {}

  bool take(std::int32_t class_id) { return taken_.empty() || taken_[class_id]++ < limit_; }

 private:
  int limit_;
  Scratch<int> taken_;
};

/// Kept boxes of one class, as columns.
class KeptBoxes {
 public:
  void add(const float box[5]) {
    if (count_ % kBlock == 0) {
      for (auto& column : columns_) column.resize(count_ + kBlock, std::numeric_limits<float>::quiet_NaN());
    }
    for (int i = 0; i < 5; ++i) columns_[i][count_] = box[i];
    ++count_;
  }

  BoxColumns columns() const {
    return {columns_[0].data(), columns_[1].data(), columns_[2].data(), columns_[3].data(), columns_[4].data(), count_};
  }

 private:
  Scratch<float> columns_[5];
  std::size_t count_ = 0;
};

void measure(const float* box, float out[5]) {
  std::copy_n(box, 4, out);
  const float width = box[2] - box[0], height = box[3] - box[1];
  out[4] = width < 0 || height < 0 ? 0 : width * height;
}

constexpr std::string_view kLayoutNames[] = {"shared", "per_class"};
constexpr Names kLayouts{"box layout", kLayoutNames};

void check(std::int64_t anchors, std::int64_t classes, const NmsSettings& settings) {
  constexpr std::int64_t kMaxPairs = std::int64_t{1} << 32;
  if (anchors < 0 || classes < 0 || (classes > 0 && anchors >= kMaxPairs / classes)) {
    throw ArgumentError("scores: found [" + std::to_string(anchors) + ", " + std::to_string(classes) +
                        "], expected fewer than 2^32 numbers");
  }
  if (std::isnan(settings.score_threshold)) throw ArgumentError("score_threshold: found nan, expected a number");
  if (std::isnan(settings.iou_threshold)) throw ArgumentError("iou_threshold: found nan, expected a number");
}

}  // namespace

Detections detect(const float* boxes, const float* scores, std::int64_t anchors, std::int64_t classes,
                  const NmsSettings& settings, BoxLayout layout) {
  return detect(boxes, scores, anchors, classes, settings, layout, nullptr);
}

Detections detect(const float* boxes, const float* scores, std::int64_t anchors, std::int64_t classes,
                  const NmsSettings& settings, BoxLayout layout, Crew* crew, Detections result) {
  check(anchors, classes, settings);
  kLayouts.name_of(static_cast<int>(layout));  // throws for a number that is none
  const Kernels& kernels = active_kernels();
  const Scores all{scores, static_cast<std::uint64_t>(anchors), static_cast<std::uint64_t>(classes)};
  const auto candidates = select_candidates(all, settings, kernels, crew);
  result.boxes.clear();
  result.scores.clear();
  result.class_ids.clear();
  if (candidates.empty()) return result;
  const bool suppress = settings.iou_threshold > 0 && settings.iou_threshold < 1;
  const std::size_t limit = settings.post_nms > 0 ? static_cast<std::size_t>(settings.post_nms) : candidates.size();
  ScratchObjects<KeptBoxes> kept(suppress ? (settings.class_agnostic ? 1 : classes) : 0);
  ClassQuotas quotas(classes, settings);
  for (const Key key : candidates) {
    if (result.scores.size() == limit) break;
    const auto index = static_cast<std::uint32_t>(key);
    const auto class_id = static_cast<std::int32_t>(index / anchors);
    if (!quotas.take(class_id)) continue;
    const std::int64_t anchor = index % anchors;
    const float* box = boxes + 4 * (layout == BoxLayout::per_class ? anchor * classes + class_id : anchor);
    if (suppress) {
      float measured[5];
      measure(box, measured);
      KeptBoxes& rivals = kept[settings.class_agnostic ? 0 : class_id];
      if (kernels.overlaps_any(rivals.columns(), measured, settings.iou_threshold)) continue;
      rivals.add(measured);
    }
    result.boxes.push_back({box[0], box[1], box[2], box[3]});
    result.scores.push_back(score_of(key));
    result.class_ids.push_back(class_id);
  }
  return result;
}

}  // namespace gcv
