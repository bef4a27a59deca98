// Boxes and scores of any numbers: the same detections on every instruction set, as many as asked for, best first.

#include "bytes.h"
#include "gcv_edge/error.h"
#include "gcv_edge/nms.h"
#include "same_bits.h"

namespace {

void check(const gcv::Detections& found, const gcv::NmsSettings& settings, int anchors, int classes) {
  const std::size_t count = found.scores.size();
  require(found.boxes.size() == count && found.class_ids.size() == count);
  require(count <= static_cast<std::size_t>(anchors) * classes);
  require(settings.post_nms <= 0 || count <= static_cast<std::size_t>(settings.post_nms));
  for (std::size_t i = 0; i < count; ++i) {
    require(found.scores[i] > settings.score_threshold);
    require(found.class_ids[i] >= 0 && found.class_ids[i] < classes);
    require(i == 0 || found.scores[i - 1] >= found.scores[i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const int anchors = bytes.between(0, 90), classes = bytes.between(0, 4);
  const auto layout = static_cast<gcv::BoxLayout>(bytes.between(0, 1));
  gcv::NmsSettings settings;
  settings.score_threshold = bytes.between(0, 3) == 0 ? bytes.number() : 0.1f;
  settings.iou_threshold = bytes.between(0, 3) == 0 ? bytes.number() : 0.4f;
  settings.nms_topk = bytes.between(-1, 100);
  settings.post_nms = bytes.between(-1, 50);
  settings.class_agnostic = bytes.between(0, 1) == 1;
  settings.topk_per_class = bytes.between(0, 1) == 1;
  const std::size_t pairs = static_cast<std::size_t>(anchors) * classes;
  std::vector<float> scores(pairs), boxes(4 * (layout == gcv::BoxLayout::shared ? anchors : pairs));
  for (float& score : scores) score = bytes.is_empty() ? 0.5f : bytes.number();
  for (float& corner : boxes) corner = bytes.is_empty() ? 2 : bytes.number();
  try {
    const auto kept = same_on_every_isa<float>([&] {
      const gcv::Detections found = gcv::detect(boxes.data(), scores.data(), anchors, classes, settings, layout);
      check(found, settings, anchors, classes);
      std::vector<float> numbers = found.scores;
      for (const auto& box : found.boxes) numbers.insert(numbers.end(), box.begin(), box.end());
      numbers.insert(numbers.end(), found.class_ids.begin(), found.class_ids.end());
      return numbers;
    });
    require(kept.size() % 6 == 0);
  } catch (const gcv::ArgumentError&) {
  }
  return 0;
}
