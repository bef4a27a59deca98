#include "processing.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <array>
#include <climits>

#include "arrays.h"
#include "crew.h"
#include "gcv_edge/error.h"
#include "gcv_edge/heatmap.h"
#include "gcv_edge/nms.h"
#include "gcv_edge/person_crop.h"
#include "gcv_edge/preprocess.h"
#include "gcv_edge/segmentation.h"
#include "new_array.h"
#include "runtime/thread_crew.h"
#include "signatures.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace gcv::python {
namespace {

/// A number for each of 3 channels or of 1.
std::array<float, 3> to_levels(nb::handle numbers, const char* name, int channels) {
  std::array<float, 3> three{};
  if (channels == 3 && nb::try_cast(numbers, three)) return three;
  std::array<float, 1> one{};
  if (channels == 1 && nb::try_cast(numbers, one)) return {one[0], one[0], one[0]};
  const std::string found = std::string(nb::repr(numbers).c_str()).substr(0, 60);
  const char* expected = channels == 1 ? ", expected one number in a sequence" : ", expected three numbers";
  throw nb::type_error((std::string(name) + ": found " + found + expected).c_str());
}

/// Planes [channels, height, width], 3 or 1, each without gaps, that do not overlap.
void check_planes(const Array& planes) {
  if (!planes.is_float32() && !planes.is_uint8()) {
    throw nb::type_error(("out: found " + planes.describe() + ", expected float32 or uint8").c_str());
  }
  const bool fits = planes.dimensions() == 3 && (planes.size(0) == 3 || planes.size(0) == 1);
  const bool is_apart = fits && (planes.size(0) == 1 || planes.steps_over(planes.size(1) * planes.size(2)));
  if (!is_apart || !planes.has_contiguous_planes()) {
    throw nb::value_error(
        ("out: found " + planes.describe() + ", expected [3 or 1, height, width], each plane contiguous").c_str());
  }
}

/// Give write(first number, size, normalization, numbers from a plane to the next) the planes of `out`.
template <typename Write>
void write_planes(nb::handle out, nb::handle mean, nb::handle scale, bool reverse_channels, float pad_value,
                  const Write& write) {
  const Array planes(out.ptr(), "out", true);
  check_planes(planes);
  const Size input{to_int(planes.size(2), "out"), to_int(planes.size(1), "out")};
  const int channels = to_int(planes.size(0), "out");
  const Normalization normalization{to_levels(mean, "mean", channels), to_levels(scale, "scale", channels),
                                    reverse_channels, pad_value, channels};
  const auto run = [&](auto* first) {
    const nb::gil_scoped_release release;
    write(first, input, normalization, planes.stride(0) / static_cast<std::ptrdiff_t>(sizeof *first));
  };
  planes.is_float32() ? run(planes.data<float>()) : run(planes.data<std::uint8_t>());
}

void preprocess_array(nb::handle frame, const std::string& pixel_format, const Placement& placement, nb::handle out,
                      nb::handle mean, nb::handle scale, bool reverse_channels, float pad_value, ThreadCrew* crew,
                      const std::string& interpolation_name, const std::string& matrix, const std::string& range) {
  const Interpolation interpolation = parse_interpolation(interpolation_name);
  const PixelArray picture(frame.ptr(), pixel_format, matrix, range);
  write_planes(out, mean, scale, reverse_channels, pad_value, [&](auto* first, Size input, auto& levels, auto stride) {
    preprocess(picture.image(), placement, levels, input, first, stride, interpolation, crew);
  });
}

void preprocess_crop_array(nb::handle frame, const std::string& pixel_format, const RectTuple& crop, nb::handle out,
                           nb::handle mean, nb::handle scale, bool reverse_channels, float pad_value, ThreadCrew* crew,
                           const std::string& matrix, const std::string& range) {
  const PixelArray picture(frame.ptr(), pixel_format, matrix, range);
  write_planes(out, mean, scale, reverse_channels, pad_value, [&](auto* first, Size input, auto& levels, auto stride) {
    preprocess_crop(picture.image(), to_rect(crop), levels, input, first, stride, crew);
  });
}

nb::tuple detect_arrays(nb::handle boxes, nb::handle scores, float score_threshold, float iou_threshold,
                        std::int64_t nms_topk, std::int64_t post_nms, bool class_agnostic, bool topk_per_class,
                        ThreadCrew* crew) {
  const Array box_rows(boxes.ptr(), "boxes"), score_rows(scores.ptr(), "scores");
  const auto layout = box_rows.dimensions() == 3 ? BoxLayout::per_class : BoxLayout::shared;
  check_floats(box_rows, layout == BoxLayout::per_class ? 3 : 2, 4);
  check_floats(score_rows, 2);
  const auto check_equal = [&](int axis, const char* what) {
    if (box_rows.size(axis) == score_rows.size(axis)) return;
    const std::string expected = std::string(", expected as many ") + what + " as boxes " + box_rows.describe();
    throw nb::value_error(("scores: found " + score_rows.describe() + expected).c_str());
  };
  check_equal(0, "rows");
  if (layout == BoxLayout::per_class) check_equal(1, "classes");
  const auto limit = [](std::int64_t value) { return static_cast<int>(std::clamp<std::int64_t>(value, -1, INT_MAX)); };
  const NmsSettings settings{score_threshold, iou_threshold,  limit(nms_topk),
                             limit(post_nms), class_agnostic, topk_per_class};
  Detections found;
  {
    const nb::gil_scoped_release release;
    found = detect(box_rows.data<float>(), score_rows.data<float>(), score_rows.size(0), score_rows.size(1), settings,
                   layout, crew);
  }
  const std::size_t count = found.scores.size();
  auto kept_boxes = allocate<float>(4 * count);
  auto kept_scores = allocate<float>(count);
  auto kept_ids = allocate<std::int32_t>(count);
  for (std::size_t i = 0; i < count; ++i) std::copy_n(found.boxes[i].data(), 4, kept_boxes.get() + 4 * i);
  std::copy_n(found.scores.data(), count, kept_scores.get());
  std::copy_n(found.class_ids.data(), count, kept_ids.get());
  return nb::make_tuple(own(std::move(kept_boxes), {count, 4}), own(std::move(kept_scores), {count}),
                        own(std::move(kept_ids), {count}));
}

nb::object map_boxes(nb::handle boxes, const Placement& placement, const SizeTuple& frame_size) {
  const Array rows(boxes.ptr(), "boxes");
  check_floats(rows, 2, 4);
  const int count = to_int(rows.size(0), "boxes");
  auto mapped = allocate<float>(4 * std::int64_t{count});
  boxes_to_frame(rows.data<float>(), count, placement, to_size(frame_size), mapped.get());
  return nb::cast(own(std::move(mapped), {static_cast<std::size_t>(count), 4}));
}

nb::tuple decode_heatmap_array(nb::handle heatmaps, const Placement& placement, const SizeTuple& input_size) {
  const Array maps(heatmaps.ptr(), "heatmaps");
  check_floats(maps, 3);
  const int count = to_int(maps.size(0), "heatmaps");
  const Size map{to_int(maps.size(2), "heatmaps"), to_int(maps.size(1), "heatmaps")};
  auto keypoints = allocate<float>(2 * std::int64_t{count});
  auto scores = allocate<float>(count);
  {
    const nb::gil_scoped_release release;
    decode_heatmaps(maps.data<float>(), count, map, placement, to_size(input_size), keypoints.get(), scores.get());
  }
  const auto rows = static_cast<std::size_t>(count);
  return nb::make_tuple(own(std::move(keypoints), {rows, 2}), own(std::move(scores), {rows}));
}

template <typename T>
nb::object segment_as(const Array& logits, const Placement& placement, Size input, Size frame) {
  const int classes = to_int(logits.size(0), "logits");
  const Size map{to_int(logits.size(2), "logits"), to_int(logits.size(1), "logits")};
  const auto width = static_cast<std::size_t>(std::max(frame.width, 0));
  const auto height = static_cast<std::size_t>(std::max(frame.height, 0));
  auto ids = allocate<T>(static_cast<std::int64_t>(width * height));
  {
    const nb::gil_scoped_release release;
    segment(logits.data<float>(), classes, map, placement, input, frame, ids.get());
  }
  return nb::cast(own(std::move(ids), {height, width}));
}

nb::object segment_array(nb::handle logits, const Placement& placement, const SizeTuple& input_size,
                         const SizeTuple& frame_size) {
  const Array maps(logits.ptr(), "logits");
  check_floats(maps, 3);
  const auto run = maps.size(0) <= 256 ? segment_as<std::uint8_t> : segment_as<std::int32_t>;
  return run(maps, placement, to_size(input_size), to_size(frame_size));
}

}  // namespace

void bind_processing(nb::module_& m) {
  nb::class_<ThreadCrew>(m, "Crew", "Threads that divide the work on a frame among them, the caller's among them.")
      .def(
          "__init__",
          [](ThreadCrew* self, int threads) {
            if (threads < 1) throw ArgumentError("threads: found " + std::to_string(threads) + ", expected at least 1");
            new (self) ThreadCrew(threads - 1);
          },
          "threads"_a);
  m.def("preprocess", preprocess_array, "frame"_a, "pixel_format"_a, "placement"_a, "out"_a, "mean"_a, "scale"_a,
        "reverse_channels"_a, "pad_value"_a, "crew"_a.none() = nb::none(), "interpolation"_a = "bilinear",
        "matrix"_a = "bt601", "range"_a = "limited",
        nb::sig("def preprocess(frame: numpy.typing.NDArray[numpy.uint8], pixel_format: str, placement: Placement, "
                "out: numpy.typing.NDArray[numpy.float32] | numpy.typing.NDArray[numpy.uint8], "
                "mean: collections.abc.Sequence[float], scale: collections.abc.Sequence[float], "
                "reverse_channels: bool, pad_value: float, crew: Crew | None = None, interpolation: str = 'bilinear', "
                "matrix: str = 'bt601', range: str = 'limited') -> None"),
        "Resample a frame into out [3, H, W], or [1, H, W] in grey: float32 normalised, (level - mean) / scale, or "
        "uint8 levels.\n\n"
        "The planes may lie apart, such as clip[:, t] of a clip [3, T, H, W]. matrix (bt601, bt709) and range "
        "(limited, full)\n"
        "are of frames of luma and chroma: [H * 3 / 2, W] in nv12, nv21 and i420, [H, W, 2] in yuyv and uyvy.");
  m.def("detect", detect_arrays, "boxes"_a, "scores"_a, "score_threshold"_a, "iou_threshold"_a, "nms_topk"_a,
        "post_nms"_a, "class_agnostic"_a, "topk_per_class"_a = false, "crew"_a.none() = nb::none(),
        nb::sig("def detect(boxes: " FLOATS ", scores: " FLOATS
                ", score_threshold: float, iou_threshold: float, nms_topk: int, post_nms: int, class_agnostic: bool, "
                "topk_per_class: bool = False, crew: Crew | None = None) -> tuple[" FLOATS ", " FLOATS
                ", numpy.typing.NDArray[numpy.int32]]"),
        "Threshold, top-k and non-maximum suppression of boxes [A, 4] and scores [A, C], as MXNet's box_nms does.\n\n"
        "Boxes [A, C, 4] are a class's own; with topk_per_class, nms_topk counts each class by itself (R-CNN).");
  m.def("to_frame", map_boxes, "boxes"_a, "placement"_a, "frame_size"_a,
        nb::sig("def to_frame(boxes: " FLOATS ", placement: Placement, frame_size: " SIZE ") -> " FLOATS),
        "Map boxes [n, 4] from input pixels to frame pixels, clipped to the frame.");
  m.def(
      "crop_box",
      [](const std::array<float, 4>& box, const SizeTuple& frame_size) {
        const Rect crop = crop_box(box, to_size(frame_size));
        return RectTuple(crop.x, crop.y, crop.width, crop.height);
      },
      "box"_a, "frame_size"_a,
      nb::sig("def crop_box(box: collections.abc.Sequence[float], frame_size: " SIZE ") -> " RECT),
      "x, y, width, height of what alpha pose sees of a person in a box (x1, y1, x2, y2); all 0 for nothing.\n\n"
      "As gluoncv.data.transforms.pose.detector_to_alpha_pose.");
  m.def(
      "place_crop",
      [](const RectTuple& crop, const SizeTuple& input_size) { return place_crop(to_rect(crop), to_size(input_size)); },
      "crop"_a, "input_size"_a, nb::sig("def place_crop(crop: " RECT ", input_size: " SIZE ") -> Placement"),
      "Where key points lie that are found in an input which shows a crop (transformBoxInvert of the same module).");
  m.def("preprocess_crop", preprocess_crop_array, "frame"_a, "pixel_format"_a, "crop"_a, "out"_a, "mean"_a, "scale"_a,
        "reverse_channels"_a, "pad_value"_a, "crew"_a.none() = nb::none(), "matrix"_a = "bt601", "range"_a = "limited",
        nb::sig("def preprocess_crop(frame: " BYTES ", pixel_format: str, crop: " RECT ", out: " FLOATS " | " BYTES
                ", mean: collections.abc.Sequence[float], scale: collections.abc.Sequence[float], "
                "reverse_channels: bool, pad_value: float, crew: Crew | None = None, matrix: str = 'bt601', "
                "range: str = 'limited') -> None"),
        "Show a crop of a frame in out, as preprocess fills it: cv_cropBox of the same module.");
  m.def("decode_heatmaps", decode_heatmap_array, "heatmaps"_a, "placement"_a, "input_size"_a,
        nb::sig("def decode_heatmaps(heatmaps: " FLOATS ", placement: Placement, input_size: " SIZE ") -> tuple[" FLOATS
                ", " FLOATS "]"),
        "Key points [K, 2] in frame pixels and scores [K] of heat maps [K, h, w].");
  m.def("segment", segment_array, "logits"_a, "placement"_a, "input_size"_a, "frame_size"_a,
        nb::sig("def segment(logits: " FLOATS ", placement: Placement, input_size: " SIZE ", frame_size: " SIZE
                ") -> numpy.typing.NDArray[numpy.uint8] | numpy.typing.NDArray[numpy.int32]"),
        "Class ids [H, W] of the frame from logits [C, h, w]; uint8 up to 256 classes, else int32.");
}

}  // namespace gcv::python
