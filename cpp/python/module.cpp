#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <exception>

#include "gcv_edge/clips.h"
#include "gcv_edge/cpu.h"
#include "gcv_edge/error.h"
#include "gcv_edge/placement.h"
#include "gcv_edge/version.h"
#include "processing.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace gcv::python {
namespace {

using SourceTuple = std::tuple<double, double, double, double>;
using TargetTuple = std::tuple<int, int, int, int>;

SourceTuple source_tuple(const Placement& placement) {
  const RectF& source = placement.source();
  return {source.x, source.y, source.width, source.height};
}

TargetTuple target_tuple(const Placement& placement) {
  const Rect& target = placement.target();
  return {target.x, target.y, target.width, target.height};
}

std::string to_text(const Placement& placement) {
  const nb::object source = nb::cast(source_tuple(placement)), target = nb::cast(target_tuple(placement));
  return std::string("Placement(source=") + nb::repr(source).c_str() + ", target=" + nb::repr(target).c_str() + ")";
}

Placement make_placement(const SourceTuple& source, const TargetTuple& target) {
  return {{std::get<0>(source), std::get<1>(source), std::get<2>(source), std::get<3>(source)},
          {std::get<0>(target), std::get<1>(target), std::get<2>(target), std::get<3>(target)}};
}

void raise_file_error(const char* kind, const FormatError& error) {
  try {
    const nb::object type = nb::module_::import_("gcv_edge.errors").attr(kind);
    const nb::object path =
        nb::steal(PyUnicode_DecodeFSDefaultAndSize(error.path().data(), static_cast<Py_ssize_t>(error.path().size())));
    const nb::object instance = type(path, error.problem());
    PyErr_SetObject(type.ptr(), instance.ptr());
  } catch (nb::python_error& failure) {
    failure.restore();
  }
}

void translate(const std::exception_ptr& pointer, void* /*payload*/) {
  try {
    std::rethrow_exception(pointer);
  } catch (const MetadataError& error) {
    raise_file_error("MetadataError", error);
  } catch (const FormatError& error) {
    raise_file_error("ModelFileError", error);
  } catch (const Error& error) {
    PyErr_SetString(PyExc_ValueError, error.what());
  }
}

void bind_placement(nb::module_& m) {
  nb::class_<Placement>(m, "Placement", "Which part of a frame lands where in a network's input. Immutable.")
      .def(
          "__init__",
          [](Placement* self, const SourceTuple& source, const TargetTuple& target) {
            new (self) Placement(make_placement(source, target));
          },
          "source"_a, "target"_a,
          "Take a source rectangle (x, y, width, height) in frame pixels, which may reach outside the frame, and a\n"
          "target rectangle in input pixels.")
      .def_prop_ro("source", source_tuple, "x, y, width, height in frame pixels.")
      .def_prop_ro("target", target_tuple, "x, y, width, height in input pixels.")
      .def("__repr__", to_text)
      .def("__hash__",
           [](const Placement& self) { return nb::hash(nb::make_tuple(source_tuple(self), target_tuple(self))); })
      .def(
          "__eq__",
          [](const Placement& self, const nb::object& other) {
            const Placement* placement = nullptr;
            return nb::try_cast(other, placement) && placement != nullptr &&
                   source_tuple(self) == source_tuple(*placement) && target_tuple(self) == target_tuple(*placement);
          },
          nb::sig("def __eq__(self, other: object, /) -> bool"));
  m.def(
      "place",
      [](const std::string& resize_type, const SizeTuple& frame_size, const SizeTuple& input_size, int crop_short,
         int crop_wide) { return place(resize_type, to_size(frame_size), to_size(input_size), crop_short, crop_wide); },
      "resize_type"_a, "frame_size"_a, "input_size"_a, "crop_short"_a = 0, "crop_wide"_a = 0,
      "Place a frame in a network's input; sizes are (width, height).\n\n"
      "standard stretches; fit_to_window keeps the aspect ratio, top-left; fit_to_window_letterbox keeps it, centred;\n"
      "crop resizes the short side to crop_short (0: the input's) and takes the centre; with crop_wide it stretches "
      "the\n"
      "frame to crop_wide x crop_short first.");
  m.def(
      "fit_sides",
      [](const SizeTuple& frame_size, int short_side, int long_side) {
        const Size size = fit_sides(to_size(frame_size), short_side, long_side);
        return SizeTuple(size.width, size.height);
      },
      "frame_size"_a, "short_side"_a, "long_side"_a,
      "Size (width, height) of a frame in proportion: the short side short_side, but the long side at most "
      "long_side.\n\n"
      "As gluoncv.data.transforms.image.resize_short_within.");
  m.def("sample_clips", &sample_clips, "frames"_a, "offsets"_a, "window"_a, "segments"_a,
        "Numbers of the frames of each clip of a video, as GluonCV's test loader chooses them.\n\n"
        "A clip spans window frames and takes those at offsets from its start; the clips are spread evenly.");
}

void bind_system(nb::module_& m) {
  m.def("isa", [] { return isa_name(active_isa()); }, "Instruction set in use: scalar, avx2, avx512 or neon.");
  m.def(
      "available_isas",
      [] {
        std::vector<std::string> names;
        for (const Isa isa : available_isas()) names.emplace_back(isa_name(isa));
        return names;
      },
      "Instruction sets that this processor has, slowest first.");
  m.def(
      "set_isa", [](const std::string& name) { set_isa(name); }, "name"_a,
      "Choose the instruction set of the whole process; for tests and benchmarks.");
  m.def("version", &version, "Version of the native code.");
}

}  // namespace
}  // namespace gcv::python

NB_MODULE(_core, m) {  // NOLINT(misc-use-anonymous-namespace)
  m.doc() = "Native pre- and post-processing of gcv-edge.";
  nb::set_leak_warnings(false);
  nb::register_exception_translator(gcv::python::translate);
  gcv::python::bind_metadata(m);
  gcv::python::bind_placement(m);
  gcv::python::bind_processing(m);
  gcv::python::bind_masks(m);
  gcv::python::bind_outputs(m);
  gcv::python::bind_system(m);
}
