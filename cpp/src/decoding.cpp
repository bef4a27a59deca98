#include "decoding.h"

#include <algorithm>
#include <climits>

#include "crew.h"
#include "gcv_edge/error.h"
#include "gcv_edge/heatmap.h"
#include "gcv_edge/maps.h"
#include "scratch.h"

namespace gcv {
namespace {

constexpr std::int64_t kMostByteIds = 256;

Size size_of(const Output& maps) {
  return {static_cast<int>(maps.shape[maps.rank() - 1]), static_cast<int>(maps.shape[maps.rank() - 2])};
}

std::size_t area(Size size) { return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height); }

void copy_all(const Outputs& outputs, const char* name, std::vector<float>& values) {
  const Output& output = find_output(outputs, name);
  check_lengths(name, output);
  values.assign(output.values, output.values + output.count());
}

void map_boxes(std::vector<std::array<float, 4>>& boxes, const FrameGeometry& geometry) {
  float* corners = boxes.empty() ? nullptr : boxes[0].data();
  boxes_to_frame(corners, static_cast<int>(boxes.size()), geometry.placement, geometry.frame, corners);
}

Detections suppress(const Outputs& outputs, const DetectionSettings& settings, Crew* crew, Detections found) {
  const Output &boxes = find_output(outputs, "boxes"), &scores = find_output(outputs, "scores");
  check_shape("scores", scores, {-1, -1});
  const std::int64_t anchors = scores.shape[0], classes = scores.shape[1];
  const bool is_shared = boxes.rank() != 3;
  if (is_shared) {
    check_shape("boxes", boxes, {anchors, 4});
  } else {
    check_shape("boxes", boxes, {anchors, classes, 4});
  }
  return detect(boxes.values, scores.values, anchors, classes, settings,
                is_shared ? BoxLayout::shared : BoxLayout::per_class, crew, std::move(found));
}

/// Rows that an NMS inside the graph kept; -1 marks the others.
class KeptRows {
 public:
  KeptRows(const Outputs& outputs, float threshold)
      : ids_(find_output(outputs, "ids")),
        scores_(find_output(outputs, "scores")),
        boxes_(find_output(outputs, "boxes")) {
    check_shape("ids", ids_, {-1, 1});
    check_shape("scores", scores_, {ids_.shape[0], 1});
    check_shape("boxes", boxes_, {ids_.shape[0], 4});
    for (std::int64_t i = 0; i < ids_.shape[0]; ++i) {
      if (ids_.values[i] >= 0 && scores_.values[i] > threshold) positions_.push_back(i);
    }
  }

  const Scratch<std::int64_t>& positions() const { return positions_; }
  std::int64_t rows() const { return ids_.shape[0]; }

  void copy_to(Detections& found) const {
    found.boxes.clear();
    found.scores.clear();
    found.class_ids.clear();
    for (const std::int64_t i : positions_) {
      const float* box = boxes_.values + 4 * i;
      found.boxes.push_back({box[0], box[1], box[2], box[3]});
      found.scores.push_back(scores_.values[i]);
      const float id = ids_.values[i];
      found.class_ids.push_back(id < 2147483648.0f ? static_cast<std::int32_t>(id) : INT_MIN);
    }
  }

 private:
  const Output &ids_, &scores_, &boxes_;
  Scratch<std::int64_t> positions_;
};

/// Map a box from input pixels to frame pixels without clipping it.
MaskExtent spread(const std::array<float, 4>& box, const Placement& placement) {
  const RectF& source = placement.source();
  const Rect& target = placement.target();
  const double scale[2] = {source.width / target.width, source.height / target.height};
  const double shift[2] = {source.x, source.y}, corner[2] = {1.0 * target.x, 1.0 * target.y};
  MaskExtent extent{};
  for (int i = 0; i < 4; ++i) {
    extent[i] = static_cast<float>((box[i] - corner[i % 2]) * scale[i % 2] + shift[i % 2]);
  }
  return extent;
}

}  // namespace

Detections decode_detections(const Outputs& outputs, const FrameGeometry& geometry, const DetectionSettings& settings,
                             Crew* crew, Detections found) {
  if (settings.nms_in_graph) {
    KeptRows(outputs, settings.score_threshold).copy_to(found);
  } else {
    found = suppress(outputs, settings, crew, std::move(found));
  }
  map_boxes(found.boxes, geometry);
  return found;
}

InstanceMasks decode_instances(const Outputs& outputs, const FrameGeometry& geometry, float score_threshold,
                               InstanceMasks found) {
  const KeptRows kept(outputs, score_threshold);
  const Output& masks = find_output(outputs, "masks");
  check_shape("masks", masks,
              {kept.rows(), masks.rank() == 3 ? masks.shape[1] : 0, masks.rank() == 3 ? masks.shape[2] : 0});
  found.mask_size = size_of(masks);
  found.frame_size = geometry.frame;
  if (!kept.positions().empty() && area(found.mask_size) == 0) {
    throw ArgumentError("output 'masks': found shape " + masks.describe() + ", expected cells");
  }
  kept.copy_to(found);
  const std::size_t cells = area(found.mask_size);
  found.masks.clear();
  found.extents.clear();
  found.masks.reserve(cells * kept.positions().size());
  for (const std::int64_t i : kept.positions()) {
    const float* mask = masks.values + static_cast<std::size_t>(i) * cells;
    found.masks.insert(found.masks.end(), mask, mask + cells);
  }
  for (const auto& box : found.boxes) found.extents.push_back(spread(box, geometry.placement));
  map_boxes(found.boxes, geometry);
  return found;
}

Classification decode_classification(const Outputs& outputs, Activation activation, Classification found) {
  copy_all(outputs, "logits", found.logits);
  found.activation = activation;
  return found;
}

Embedding decode_embedding(const Outputs& outputs, Embedding found) {
  copy_all(outputs, "logits", found.vector);
  return found;
}

Regression decode_regression(const Outputs& outputs, Regression found) {
  copy_all(outputs, "values", found.values);
  return found;
}

Segmentation decode_segmentation(const Outputs& outputs, const FrameGeometry& geometry, Segmentation found) {
  const Output& logits = find_output(outputs, "logits");
  check_shape("logits", logits, {-1, -1, -1}, 1);
  found.size = geometry.frame;
  const auto run = [&](auto& map) {
    map.resize(area(geometry.frame));
    segment(logits.values, static_cast<int>(logits.shape[0]), size_of(logits), geometry.placement, geometry.input,
            geometry.frame, map.data());
  };
  if (logits.shape[0] <= kMostByteIds) {
    found.wide_map.clear();
    run(found.class_map);
  } else {
    found.class_map.clear();
    run(found.wide_map);
  }
  return found;
}

Poses decode_poses(const Outputs& outputs, const FrameGeometry& geometry, Poses found) {
  const Output& heatmaps = find_output(outputs, "heatmaps");
  check_shape("heatmaps", heatmaps, {-1, -1, -1}, 1);
  found.joints = static_cast<std::size_t>(heatmaps.shape[0]);
  found.keypoints.resize(found.joints);
  found.scores.resize(found.joints);
  decode_heatmaps(heatmaps.values, static_cast<int>(found.joints), size_of(heatmaps), geometry.placement,
                  geometry.input, found.keypoints[0].data(), found.scores.data());
  found.boxes.assign(1, {0, 0, static_cast<float>(geometry.frame.width), static_cast<float>(geometry.frame.height)});
  return found;
}

DepthMap decode_depth(const Outputs& outputs, const FrameGeometry& geometry, DepthMap found) {
  const Output& image = find_output(outputs, "image");
  check_shape("image", image, {-1, -1, -1}, 1);
  found.size = geometry.frame;
  found.disparity.resize(area(geometry.frame));
  resize_map(image.values, size_of(image), geometry.placement, geometry.input, geometry.frame, found.disparity.data());
  return found;
}

Picture decode_picture(const Outputs& outputs, const FrameGeometry& geometry, const ImageSettings& levels, bool is_rgb,
                       Picture found) {
  const Output& image = find_output(outputs, "image");
  check_shape("image", image, {-1, -1, -1}, 1);
  const bool frame_is_rgb = geometry.format == PixelFormat::rgb || geometry.format == PixelFormat::rgba;
  const auto channels = static_cast<int>(image.shape[0]);
  found.size = size_of(image);
  found.format = channels == 1 ? PixelFormat::gray : frame_is_rgb ? PixelFormat::rgb : PixelFormat::bgr;
  found.pixels.resize(static_cast<std::size_t>(image.count()));
  to_pixels(image.values, channels, found.size, levels.low, levels.high, is_rgb != frame_is_rgb, found.pixels.data());
  return found;
}

}  // namespace gcv
