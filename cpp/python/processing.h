#pragma once

#include <nanobind/nanobind.h>

#include <tuple>

#include "gcv_edge/placement.h"

namespace gcv::python {

/// (width, height) as Python gives it.
using SizeTuple = std::tuple<int, int>;

inline Size to_size(const SizeTuple& size) { return {std::get<0>(size), std::get<1>(size)}; }

/// (x, y, width, height) as Python gives it.
using RectTuple = std::tuple<int, int, int, int>;

inline Rect to_rect(const RectTuple& rect) {
  return {std::get<0>(rect), std::get<1>(rect), std::get<2>(rect), std::get<3>(rect)};
}

/// Add what reads the metadata of model files to the module.
void bind_metadata(nanobind::module_& m);

/// Add what takes or returns arrays to the module.
void bind_processing(nanobind::module_& m);
void bind_masks(nanobind::module_& m);
void bind_outputs(nanobind::module_& m);

}  // namespace gcv::python
