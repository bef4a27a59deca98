#include "gcv_edge/model_metadata.h"

#include <algorithm>
#include <limits>

#include "entry_reader.h"
#include "gcv_edge/clips.h"
#include "gcv_edge/error.h"
#include "interpolation.h"

namespace gcv {
namespace {

/// Larger than any number of CPUs, or of frames that are computed together.
constexpr std::int64_t kMostTogether = 65536;

/// Larger than any frame that is cropped; bounds what a damaged file can ask for.
constexpr std::int64_t kMaxCropSide = 65536;
constexpr float kWhite = 255;

/// Of inputs that have a size of their own for each frame, of which each takes memory.
constexpr std::int64_t kMaxOwnSide = 8192;

int clamp_to_int(std::int64_t value) {
  using Limits = std::numeric_limits<int>;
  return static_cast<int>(std::clamp<std::int64_t>(value, Limits::min(), Limits::max()));
}

Task read_task(const EntryReader& reader, const std::string& path) {
  try {
    return parse_task(reader.text("gcv_edge task"));
  } catch (const UnsupportedError& error) {
    throw MetadataError(path, std::string("metadata key 'gcv_edge task': ") + error.what());
  }
}

Activation read_activation(const EntryReader& reader) {
  constexpr const char* kKey = "gcv_edge activation";
  if (!reader.has(kKey)) return Activation::softmax;
  const std::string& found = reader.choice(kKey, {"softmax", "sigmoid", "none"});
  return found == "softmax" ? Activation::softmax : found == "sigmoid" ? Activation::sigmoid : Activation::none;
}

/// A number for each channel; where there is one, it is everyone's.
std::array<float, 3> read_levels(const EntryReader& reader, const char* key, int channels) {
  const std::vector<double> values = reader.numbers(key, static_cast<std::size_t>(channels));
  return {static_cast<float>(values[0]), static_cast<float>(values[channels / 2]),
          static_cast<float>(values[channels - 1])};
}

/// Files from before there was a choice are bilinear.
Interpolation read_interpolation(const EntryReader& reader) {
  constexpr const char* kKey = "gcv_edge interpolation";
  if (!reader.has(kKey)) return Interpolation::bilinear;
  return parse_interpolation(reader.choice(kKey, interpolation_names()));
}

/// Files of before, and those for simple pose, have grown boxes.
BoxRule read_box_rule(const EntryReader& reader) {
  constexpr const char* kKey = "gcv_edge box_rule";
  if (!reader.has(kKey)) return BoxRule::grown;
  return reader.choice(kKey, {"grown", "cropped"}) == "cropped" ? BoxRule::cropped : BoxRule::grown;
}

/// Files of before, and most others, have inputs of one size.
void read_sides(const EntryReader& reader, Preprocessing& found) {
  if (!reader.has("gcv_edge short_side")) return;
  found.short_side = clamp_to_int(reader.integer("gcv_edge short_side", 1, kMaxOwnSide));
  found.long_side = clamp_to_int(reader.integer("gcv_edge long_side", found.short_side, kMaxOwnSide));
}

Preprocessing read_preprocessing(const EntryReader& reader) {
  Preprocessing found;
  const int channels = reader.count_words("model_info mean_values") == 1 ? 1 : 3;
  found.normalization.channels = channels;
  found.normalization.mean = read_levels(reader, "model_info mean_values", channels);
  found.normalization.scale = read_levels(reader, "model_info scale_values", channels);
  for (const float scale : found.normalization.scale) {
    if (scale == 0) reader.fail("model_info scale_values", "numbers other than 0");
  }
  found.normalization.reverse_channels = reader.flag("model_info reverse_input_channels");
  found.resize_type = reader.choice("model_info resize_type",
                                    {"standard", "fit_to_window", "fit_to_window_letterbox", "crop", "affine"});
  found.normalization.pad_value = static_cast<float>(reader.number("model_info pad_value"));
  if (found.normalization.pad_value < 0 || found.normalization.pad_value > kWhite) {
    reader.fail("model_info pad_value", "a level from 0 to 255");
  }
  found.crop_short = clamp_to_int(reader.integer("gcv_edge crop_short", 0, kMaxCropSide));
  if (reader.has("gcv_edge crop_wide")) {
    found.crop_wide = clamp_to_int(reader.integer("gcv_edge crop_wide", 0, kMaxCropSide));
  }
  found.interpolation = read_interpolation(reader);
  return found;
}

DetectionSettings read_detection(const EntryReader& reader) {
  DetectionSettings found;
  found.score_threshold = static_cast<float>(reader.number("model_info confidence_threshold"));
  found.iou_threshold = static_cast<float>(reader.number("model_info iou_threshold"));
  found.nms_topk = clamp_to_int(reader.integer("gcv_edge nms_topk"));
  found.post_nms = clamp_to_int(reader.integer("gcv_edge post_nms"));
  found.class_agnostic = reader.flag("gcv_edge class_agnostic");
  found.nms_in_graph = reader.choice("gcv_edge nms", {"runtime", "graph"}) == "graph";
  found.topk_per_class = reader.has("gcv_edge topk_per_class") && reader.flag("gcv_edge topk_per_class");
  return found;
}

ClipSettings read_clip(const EntryReader& reader) {
  ClipSettings found;
  found.window = clamp_to_int(reader.integer("gcv_edge clip_window", 1, kMaxClipWindow));
  found.offsets.clear();
  for (const std::int64_t offset : reader.integers("gcv_edge clip_offsets", 0, found.window - 1)) {
    found.offsets.push_back(static_cast<int>(offset));
  }
  found.segments = clamp_to_int(reader.integer("gcv_edge clip_segments", 1, kMaxClipWindow));
  found.in_graph = reader.flag("gcv_edge clip_in_graph");
  return found;
}

DepthSettings read_depth(const EntryReader& reader) {
  const std::vector<double> values = reader.numbers("gcv_edge depth", 3);
  const DepthSettings found{values[0], values[1], values[2]};
  if (!(0 < found.nearest && found.nearest < found.farthest) || found.scale < 0) {
    reader.fail("gcv_edge depth", "0 < nearest < farthest, and a scale of 0 or more");
  }
  return found;
}

ImageSettings read_image(const EntryReader& reader) {
  const std::vector<double> values = reader.numbers("gcv_edge image_range", 2);
  return {static_cast<float>(values[0]), static_cast<float>(values[1])};
}

int read_count(const EntryReader& reader, const char* key, std::int64_t most = kMostTogether) {
  return static_cast<int>(reader.integer(key, 1, most));
}

/// Of files that a search for the fastest form wrote.
RunSettings read_run(const EntryReader& reader) {
  RunSettings found;
  if (reader.has("gcv_edge precision")) found.precision = reader.choice("gcv_edge precision", {"f32", "bf16"});
  if (!reader.has("gcv_edge streams")) return found;
  found.batch = read_count(reader, "gcv_edge batch");
  found.cpus = read_count(reader, "gcv_edge cpus");
  found.streams = read_count(reader, "gcv_edge streams", found.cpus);  // each takes memory of its own
  return found;
}

}  // namespace

ModelMetadata parse_metadata(const Metadata& entries, const std::string& path) {
  const EntryReader reader(entries, path);
  ModelMetadata found;
  found.task = read_task(reader, path);
  found.labels = Labels(split_names(reader.text_or("gcv_edge labels", "")));
  found.preprocessing = read_preprocessing(reader);
  if (found.task == Task::detection || found.task == Task::instance_segmentation) {
    found.detection = read_detection(reader);
    read_sides(reader, found.preprocessing);
  }
  if (found.task == Task::pose) found.preprocessing.box_rule = read_box_rule(reader);
  if (found.task == Task::action) found.clip = read_clip(reader);
  if (found.task == Task::depth) found.depth = read_depth(reader);
  if (found.task == Task::image_to_image) found.image = read_image(reader);
  found.activation = read_activation(reader);
  found.run = read_run(reader);
  found.source = reader.text_or("gcv_edge source", "");
  found.source_hash = reader.text_or("gcv_edge source_hash", "");
  found.variant = reader.text_or("gcv_edge variant", "fp32");
  found.version = reader.text_or("gcv_edge version", "");
  return found;
}

}  // namespace gcv
