// Outputs of any shape and numbers: decoding gives a result of bounded size or throws ArgumentError.

#include <cstdint>
#include <cstdlib>
#include <list>
#include <vector>

#include "bytes.h"
#include "decoding.h"
#include "gcv_edge/error.h"

namespace {

constexpr std::int64_t kMostNumbers = 4096;

/// Tensors whose numbers this owns; a shape too large for memory comes without numbers.
class Tensors {
 public:
  explicit Tensors(Bytes& bytes) : bytes_(bytes) {}

  gcv::Output draw() {
    gcv::Output output;
    const int rank = bytes_.between(0, 4);
    for (int i = 0; i < rank; ++i) output.shape.push_back(draw_length());
    const std::int64_t count = output.count();
    if (count > kMostNumbers) return output;
    std::vector<float>& numbers = owned_.emplace_back(static_cast<std::size_t>(count));
    for (float& number : numbers) number = bytes_.is_empty() ? 0.25f : bytes_.number();
    output.values = numbers.data();
    return output;
  }

 private:
  std::int64_t draw_length() {
    const int kind = bytes_.between(0, 19);
    if (kind == 0) return bytes_.take<std::int64_t>();
    return kind < 8 ? 4 : bytes_.between(0, 12);
  }

  Bytes& bytes_;
  std::list<std::vector<float>> owned_;
};

gcv::FrameGeometry draw_geometry(Bytes& bytes) {
  const gcv::Size input{bytes.between(1, 40), bytes.between(1, 40)}, frame{bytes.between(1, 60), bytes.between(1, 60)};
  const char* const kinds[] = {"standard", "fit_to_window", "fit_to_window_letterbox", "crop"};
  const auto format = static_cast<gcv::PixelFormat>(bytes.between(0, 4));
  const gcv::Placement placement =
      gcv::place(kinds[bytes.between(0, 3)], frame, input, bytes.between(0, 50), bytes.between(0, 50));
  return {placement, input, frame, format};
}

gcv::DetectionSettings draw_settings(Bytes& bytes) {
  gcv::DetectionSettings settings;
  settings.score_threshold = bytes.number();
  settings.iou_threshold = bytes.number();
  settings.nms_topk = bytes.between(-1, 100);
  settings.post_nms = bytes.between(-1, 100);
  settings.class_agnostic = bytes.between(0, 1) == 1;
  settings.topk_per_class = bytes.between(0, 1) == 1;
  settings.nms_in_graph = bytes.between(0, 1) == 1;
  return settings;
}

gcv::Activation draw_activation(Bytes& bytes) { return static_cast<gcv::Activation>(bytes.between(0, 2)); }

void check(bool is_right) {
  if (!is_right) std::abort();
}

void check_detections(const gcv::Detections& found, const gcv::FrameGeometry& geometry) {
  check(found.boxes.size() == found.scores.size() && found.class_ids.size() == found.scores.size());
  for (const auto& box : found.boxes) {
    for (int i = 0; i < 4; ++i) {
      check(box[i] >= 0 && box[i] <= static_cast<float>(i % 2 == 0 ? geometry.frame.width : geometry.frame.height));
    }
  }
}

void decode(int task, const gcv::Outputs& outputs, const gcv::FrameGeometry& geometry, Bytes& bytes) {
  switch (task) {
    case 0:
      return check_detections(gcv::decode_detections(outputs, geometry, draw_settings(bytes)), geometry);
    case 1: {
      const gcv::InstanceMasks found = gcv::decode_instances(outputs, geometry, bytes.number());
      check_detections(found, geometry);
      for (std::size_t i = 0; i < found.size(); ++i) {
        const gcv::MaskCrop crop = found.crop(i);
        check(crop.region.width <= geometry.frame.width && crop.region.height <= geometry.frame.height);
      }
      return;
    }
    case 2:
      return check(gcv::decode_classification(outputs, draw_activation(bytes)).top(5).size() <= 5);
    case 3:
      return check(gcv::decode_embedding(outputs).direction().size() <= kMostNumbers);
    case 4:
      return check(
          gcv::decode_segmentation(outputs, geometry).at(geometry.frame.width - 1, geometry.frame.height - 1) >= 0);
    case 5:
      return check(gcv::decode_poses(outputs, geometry).size() == 1);
    case 6:
      gcv::decode_depth(outputs, geometry).depth();
      return;
    case 7:
      return check(gcv::decode_regression(outputs).size() <= kMostNumbers);
    default:
      gcv::decode_picture(outputs, geometry, {bytes.number(), bytes.number()}, bytes.between(0, 1) == 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  Tensors tensors(bytes);
  const int task = bytes.between(0, 8);
  const gcv::FrameGeometry geometry = draw_geometry(bytes);
  gcv::Outputs outputs;
  const bool is_plain = bytes.between(0, 3) > 0;  // the same number of rows in all
  const gcv::Output first = tensors.draw();
  for (const char* name : {"ids", "scores", "boxes", "masks", "logits", "heatmaps", "values", "image"}) {
    outputs[name] = is_plain && std::string(name) == "scores" ? first : tensors.draw();
  }
  try {
    decode(task, outputs, geometry, bytes);
  } catch (const gcv::ArgumentError&) {
  }
  return 0;
}
