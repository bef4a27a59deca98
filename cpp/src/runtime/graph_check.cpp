#include <algorithm>

#include "gcv_edge/error.h"
#include "join.h"
#include "network_state.h"

namespace gcv {
namespace {

using Names = std::vector<std::string>;

Names promised_outputs(Task task) {
  switch (task) {
    case Task::detection:
      return {"boxes", "scores"};
    case Task::pose:
      return {"heatmaps"};
    case Task::instance_segmentation:
      return {"ids", "scores", "boxes", "masks"};
    case Task::regression:
      return {"values"};
    case Task::depth:
    case Task::image_to_image:
      return {"image"};
    case Task::tensors:
      return {};
    default:
      return {"logits"};
  }
}

bool keeps_nms(const ModelMetadata& metadata) {
  return metadata.task == Task::detection && metadata.detection.nms_in_graph;
}

Names expected_outputs(const ModelMetadata& metadata) {
  return keeps_nms(metadata) ? Names{"ids", "scores", "boxes"} : promised_outputs(metadata.task);
}

const TensorInfo* find(const std::vector<TensorInfo>& ports, const std::string& name) {
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const TensorInfo& port) { return port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

/// The type of all inputs; "object" where they differ.
std::string common_type(const std::vector<TensorInfo>& inputs) {
  const auto differs = [&](const TensorInfo& input) { return input.type != inputs[0].type; };
  return std::any_of(inputs.begin(), inputs.end(), differs) ? "object" : inputs[0].type;
}

/// The metadata have as many numbers as the input has channels.
void check_levels(const std::string& path, const ModelMetadata& metadata, std::int64_t channels) {
  const int found = metadata.preprocessing.normalization.channels;
  if (found == channels) return;
  throw MetadataError(path, "metadata key 'model_info mean_values': found " + std::to_string(found) + ", expected " +
                                std::to_string(channels) + ": a number for each channel of the input");
}

/// A network takes one batch of pictures, or of clips as long as the metadata say.
void check_input(const std::string& path, const ModelMetadata& metadata, const std::vector<TensorInfo>& inputs) {
  const bool is_action = metadata.task == Task::action;
  const std::vector<std::int64_t>& shape = inputs[0].shape;
  if (inputs.size() != 1) throw FormatError(path, "found " + std::to_string(inputs.size()) + " inputs, expected 1");
  const bool has_rank = shape.size() == 4 || (is_action && shape.size() == 5);
  if (!has_rank || (shape[1] != 3 && shape[1] != 1)) {
    const std::string expected = is_action ? "[N, C, T, H, W] or [N, C, H, W], C 3 or 1" : "[N, C, H, W], C 3 or 1";
    throw FormatError(path, "input: found " + inputs[0].type + " " + describe_shape(shape) +
                                ", expected float32 or uint8 " + expected);
  }
  check_levels(path, metadata, shape[1]);
  const std::int64_t frames = shape.size() == 5 ? shape[2] : 1;
  const std::size_t offsets = metadata.clip.offsets.size();
  if (is_action && static_cast<std::int64_t>(offsets) != frames) {
    throw MetadataError(path, "metadata key 'gcv_edge clip_offsets': found " + std::to_string(offsets) +
                                  " frames, expected " + std::to_string(frames));
  }
}

void check_outputs(const std::string& path, const ModelMetadata& metadata, const std::vector<TensorInfo>& outputs) {
  const Names expected = expected_outputs(metadata);
  Names found;
  for (const TensorInfo& output : outputs) found.push_back(output.name);
  for (const std::string& name : expected) {
    const TensorInfo* output = find(outputs, name);
    if (output == nullptr) throw FormatError(path, "outputs: found " + join(found) + ", expected " + join(expected));
    if (output->type != "float32") {
      throw FormatError(path, "output '" + name + "': found " + output->type + ", expected float32");
    }
  }
}

struct ClassAxis {
  const char* output;
  int from_end;
};

/// Which output counts the classes (or key points), and along which axis.
ClassAxis class_axis(Task task) {
  switch (task) {
    case Task::classification:
    case Task::action:
      return {"logits", 1};
    case Task::detection:
      return {"scores", 1};
    case Task::segmentation:
      return {"logits", 3};
    case Task::pose:
      return {"heatmaps", 3};
    case Task::regression:
      return {"values", 1};
    default:
      return {nullptr, 0};
  }
}

/// Compare the number of labels with the number of classes, where file and graph tell them.
void check_labels(const std::string& path, const ModelMetadata& metadata, const std::vector<TensorInfo>& outputs) {
  const ClassAxis axis = class_axis(metadata.task);
  if (axis.output == nullptr || keeps_nms(metadata) || metadata.labels.empty()) return;
  const std::vector<std::int64_t>& shape = find(outputs, axis.output)->shape;
  if (static_cast<int>(shape.size()) < axis.from_end) return;
  const std::int64_t count = shape[shape.size() - static_cast<std::size_t>(axis.from_end)];
  if (count < 0 || count == static_cast<std::int64_t>(metadata.labels.size())) return;
  throw MetadataError(path, "metadata key 'gcv_edge labels': found " + std::to_string(metadata.labels.size()) +
                                " names, expected " + std::to_string(count) + " (output '" + axis.output +
                                "' has shape " + describe_shape(shape) + "): export again with the right --classes");
}

}  // namespace

void check_graph(const std::string& path, const ModelMetadata& metadata, const Session& session) {
  const std::string type = common_type(session.inputs());
  if (type != "float32" && type != "uint8") {
    throw FormatError(path, "input: found " + type + ", expected float32 or uint8");
  }
  if (metadata.task != Task::tensors) check_input(path, metadata, session.inputs());
  check_outputs(path, metadata, session.outputs());
  check_labels(path, metadata, session.outputs());
}

}  // namespace gcv
