#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <climits>
#include <vector>

#include "arrays.h"
#include "gcv_edge/classification.h"
#include "gcv_edge/maps.h"
#include "new_array.h"
#include "processing.h"
#include "signatures.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace gcv::python {
namespace {

nb::object resize_map_array(nb::handle values, const Placement& placement, const SizeTuple& input_size,
                            const SizeTuple& frame_size) {
  const Array cells(values.ptr(), "values");
  check_floats(cells, 2);
  const Size map{to_int(cells.size(1), "values"), to_int(cells.size(0), "values")}, frame = to_size(frame_size);
  auto numbers = allocate<float>(multiply({frame.width, frame.height}));
  {
    const nb::gil_scoped_release release;
    resize_map(cells.data<float>(), map, placement, to_size(input_size), frame, numbers.get());
  }
  return nb::cast(
      own(std::move(numbers), {static_cast<std::size_t>(frame.height), static_cast<std::size_t>(frame.width)}));
}

nb::object to_pixel_array(nb::handle image, float low, float high, bool reverse_channels) {
  const Array planes(image.ptr(), "image");
  check_floats(planes, 3);
  const int channels = to_int(planes.size(0), "image");
  const Size size{to_int(planes.size(2), "image"), to_int(planes.size(1), "image")};
  auto pixels = allocate<std::uint8_t>(multiply({channels, size.width, size.height}));
  {
    const nb::gil_scoped_release release;
    to_pixels(planes.data<float>(), channels, size, low, high, reverse_channels, pixels.get());
  }
  return nb::cast(own(std::move(pixels), {static_cast<std::size_t>(size.height), static_cast<std::size_t>(size.width),
                                          static_cast<std::size_t>(channels)}));
}

template <auto activate>
nb::object activate_array(nb::handle logits) {
  const Array numbers(logits.ptr(), "logits");
  check_floats(numbers, 1);
  auto probabilities = allocate<float>(numbers.size(0));
  activate(numbers.data<float>(), numbers.size(0), probabilities.get());
  return nb::cast(own(std::move(probabilities), {static_cast<std::size_t>(numbers.size(0))}));
}

nb::object top_k_array(nb::handle scores, std::int64_t k) {
  const Array numbers(scores.ptr(), "scores");
  check_floats(numbers, 1);
  const auto limit = static_cast<int>(std::clamp<std::int64_t>(k, 0, INT_MAX));
  const std::vector<std::int32_t> best = top_k(numbers.data<float>(), numbers.size(0), limit);
  auto positions = allocate<std::int32_t>(static_cast<std::int64_t>(best.size()));
  std::copy(best.begin(), best.end(), positions.get());
  return nb::cast(own(std::move(positions), {best.size()}));
}

}  // namespace

void bind_outputs(nb::module_& m) {
  m.def("resize_map", resize_map_array, "values"_a, "placement"_a, "input_size"_a, "frame_size"_a,
        nb::sig("def resize_map(values: " FLOATS ", placement: Placement, input_size: " SIZE ", frame_size: " SIZE
                ") -> " FLOATS),
        "Stretch a map [h, w] that covers the input, such as depth, to the pixels [H, W] of the frame, bilinearly.");
  m.def("to_pixels", to_pixel_array, "image"_a, "low"_a, "high"_a, "reverse_channels"_a,
        nb::sig("def to_pixels(image: " FLOATS ", low: float, high: float, reverse_channels: bool) -> " BYTES),
        "Pixels [h, w, C] of a picture [C, h, w], C 1 or 3: low becomes 0 and high 255, NaN 0; halves go to even.");
  m.def("softmax", activate_array<softmax>, "logits"_a, nb::sig("def softmax(logits: " FLOATS ") -> " FLOATS),
        "Probabilities [n] of logits [n], which sum to 1.");
  m.def("sigmoid", activate_array<sigmoid>, "logits"_a, nb::sig("def sigmoid(logits: " FLOATS ") -> " FLOATS),
        "Probabilities [n] of logits [n], each by itself.");
  m.def("top_k", top_k_array, "scores"_a, "k"_a, nb::sig("def top_k(scores: " FLOATS ", k: int) -> " INTEGERS),
        "Positions of the k largest scores [n], largest first; of equal scores the lower position first, NaN last.");
}

}  // namespace gcv::python
