#include "gcv_edge/metadata.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "gcv_edge/model_metadata.h"
#include "gcv_edge/task.h"
#include "processing.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace gcv::python {
namespace {

Metadata read_metadata_file(nb::handle path) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), static_cast<void*>(&encoded)) == 0) throw nb::python_error();
  const auto name = nb::steal<nb::bytes>(encoded);
  const nb::gil_scoped_release release;
  return read_metadata(std::string(name.c_str(), name.size()));
}

Metadata read_metadata_content(const nb::bytes& content, const std::string& name) {
  const nb::gil_scoped_release release;
  return read_metadata(content.c_str(), content.size(), name);
}

/// The number of fewest digits that is this one in single precision: 58.395, as it is written in the file.
double shortest(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double number = 0;
  std::from_chars(text.data(), end, number);
  return number;
}

const char* activation_name(Activation activation) {
  return activation == Activation::softmax ? "softmax" : activation == Activation::sigmoid ? "sigmoid" : "none";
}

nb::tuple levels(const std::array<float, 3>& values, int channels) {
  nb::list found;
  for (int i = 0; i < channels; ++i) found.append(shortest(values[static_cast<std::size_t>(i)]));
  return nb::tuple(found);
}

nb::dict to_dict(const Preprocessing& found) {
  const Normalization& normalization = found.normalization;
  nb::dict fields;
  fields["mean"] = levels(normalization.mean, normalization.channels);
  fields["scale"] = levels(normalization.scale, normalization.channels);
  fields["reverse_channels"] = normalization.reverse_channels;
  fields["resize_type"] = found.resize_type;
  fields["pad_value"] = shortest(normalization.pad_value);
  fields["crop_short"] = found.crop_short;
  fields["crop_wide"] = found.crop_wide;
  fields["short_side"] = found.short_side;
  fields["long_side"] = found.long_side;
  fields["box_rule"] = found.box_rule == BoxRule::cropped ? "cropped" : "grown";
  fields["interpolation"] = std::string(to_string(found.interpolation));
  return fields;
}

nb::dict to_dict(const DetectionSettings& found) {
  nb::dict fields;
  fields["confidence_threshold"] = shortest(found.score_threshold);
  fields["iou_threshold"] = shortest(found.iou_threshold);
  fields["nms_topk"] = found.nms_topk;
  fields["post_nms"] = found.post_nms;
  fields["class_agnostic"] = found.class_agnostic;
  fields["nms"] = found.nms_in_graph ? "graph" : "runtime";
  fields["topk_per_class"] = found.topk_per_class;
  return fields;
}

nb::dict to_dict(const ClipSettings& found) {
  nb::dict fields;
  fields["offsets"] = nb::tuple(nb::cast(found.offsets));
  fields["window"] = found.window;
  fields["segments"] = found.segments;
  fields["in_graph"] = found.in_graph;
  return fields;
}

nb::dict to_dict(const DepthSettings& found) {
  nb::dict fields;
  fields["nearest"] = found.nearest;
  fields["farthest"] = found.farthest;
  fields["scale"] = found.scale;
  return fields;
}

nb::dict to_dict(const ImageSettings& found) {
  nb::dict fields;
  fields["low"] = shortest(found.low);
  fields["high"] = shortest(found.high);
  return fields;
}

nb::dict to_dict(const RunSettings& found) {
  nb::dict fields;
  fields["precision"] = found.precision;
  fields["batch"] = found.batch;
  fields["streams"] = found.streams;
  fields["cpus"] = found.cpus;
  return fields;
}

nb::dict parse(const Metadata& entries, const std::string& path) {
  const ModelMetadata found = parse_metadata(entries, path);
  nb::dict fields;
  fields["task"] = task_name(found.task);
  fields["labels"] = nb::tuple(nb::cast(std::vector<std::string>(found.labels.begin(), found.labels.end())));
  fields["preprocessing"] = to_dict(found.preprocessing);
  fields["detection"] = to_dict(found.detection);
  fields["clip"] = to_dict(found.clip);
  fields["depth"] = to_dict(found.depth);
  fields["image"] = to_dict(found.image);
  fields["run"] = to_dict(found.run);
  fields["activation"] = activation_name(found.activation);
  fields["source"] = found.source;
  fields["source_hash"] = found.source_hash;
  fields["variant"] = found.variant;
  fields["version"] = found.version;
  return fields;
}

}  // namespace

void bind_metadata(nb::module_& m) {
  m.def("read_metadata", read_metadata_file, "path"_a,
        nb::sig("def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]"),
        "Read the metadata of an .onnx file without reading its graph; ModelFileError if it is damaged.");
  m.def("read_metadata_bytes", read_metadata_content, "content"_a, "name"_a,
        nb::sig("def read_metadata_bytes(content: bytes, name: str) -> dict[str, str]"),
        "Read the metadata of a file's content; the name stands for its path in messages.");
  m.def("parse_metadata", parse, "entries"_a, "path"_a,
        nb::sig("def parse_metadata(entries: dict[str, str], path: str) -> dict[str, typing.Any]"),
        "Make sense of the metadata of a file: the fields of gcv_edge.metadata.ModelMetadata, but for JSON.\n\n"
        "MetadataError if a key is missing or its value makes no sense; the text names key, value and cure.");
}

}  // namespace gcv::python
