#include "gcv_edge/masks.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <string>
#include <vector>

#include "arrays.h"
#include "new_array.h"
#include "processing.h"
#include "signatures.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace gcv::python {
namespace {

static_assert(sizeof(bool) == sizeof(std::uint8_t));

std::uint8_t* bytes_of(bool* flags) { return reinterpret_cast<std::uint8_t*>(flags); }

/// Masks [n, h, w] and the extent of each.
class MaskArrays {
 public:
  MaskArrays(nb::handle masks, nb::handle extents) : masks_(masks.ptr(), "masks"), extents_(extents.ptr(), "extents") {
    check_floats(masks_, 3);
    check_floats(extents_, 2, 4);
    if (masks_.size(0) != extents_.size(0)) {
      const std::string expected = ", expected as many rows as masks " + masks_.describe();
      throw nb::value_error(("extents: found " + extents_.describe() + expected).c_str());
    }
    size_ = {to_int(masks_.size(2), "masks"), to_int(masks_.size(1), "masks")};
  }

  std::int64_t count() const { return masks_.size(0); }

  Rect region(std::int64_t i, Size frame) const { return mask_region(size_, extent(i), frame); }

  void paste(std::int64_t i, const Rect& window, std::uint8_t* out, std::ptrdiff_t stride) const {
    paste_mask(masks_.data<float>() + i * size_.width * size_.height, size_, extent(i), window, out, stride);
  }

 private:
  MaskExtent extent(std::int64_t i) const {
    const float* corners = extents_.data<float>() + 4 * i;
    return {corners[0], corners[1], corners[2], corners[3]};
  }

  Array masks_, extents_;
  Size size_;
};

MaskExtent to_extent(nb::handle numbers) {
  MaskExtent extent{};
  if (nb::try_cast(numbers, extent)) return extent;
  const std::string found = std::string(nb::repr(numbers).c_str()).substr(0, 60);
  throw nb::type_error(("extent: found " + found + ", expected four numbers").c_str());
}

void check_frame(const SizeTuple& frame_size) { mask_region({1, 1}, {}, to_size(frame_size)); }

/// Write into the caller's array [H, W] of bool or uint8, whose rows may be apart.
void paste_into(const float* mask, Size size, const MaskExtent& extent, Size frame, const Array& out) {
  if (!out.is_bool() && !out.is_uint8()) {
    throw nb::type_error(("out: found " + out.describe() + ", expected bool or uint8").c_str());
  }
  const bool fits = out.dimensions() == 2 && out.size(0) == frame.height && out.size(1) == frame.width &&
                    (frame.width == 1 || out.stride(1) == 1);
  if (!fits) {
    const std::string expected = std::to_string(frame.height) + ", " + std::to_string(frame.width);
    throw nb::value_error(
        ("out: found " + out.describe() + ", expected [" + expected + "], rows without gaps").c_str());
  }
  const nb::gil_scoped_release release;
  paste_mask(mask, size, extent, {0, 0, frame.width, frame.height}, out.data<std::uint8_t>(),
             out.size(0) == 1 ? 0 : out.stride(0));
}

nb::object paste_mask_array(nb::handle mask, nb::handle extent, const SizeTuple& frame_size, nb::object out) {
  const Array cells(mask.ptr(), "mask");
  check_floats(cells, 2);
  check_frame(frame_size);
  const Size size{to_int(cells.size(1), "mask"), to_int(cells.size(0), "mask")}, frame = to_size(frame_size);
  if (out.is_none()) {
    auto flags = allocate<bool>(std::int64_t{frame.width} * frame.height);
    out = nb::cast(
        own(std::move(flags), {static_cast<std::size_t>(frame.height), static_cast<std::size_t>(frame.width)}));
  }
  paste_into(cells.data<float>(), size, to_extent(extent), frame, Array(out.ptr(), "out", true));
  return out;
}

nb::object paste_mask_arrays(nb::handle masks, nb::handle extents, const SizeTuple& frame_size) {
  const MaskArrays given(masks, extents);
  check_frame(frame_size);
  const Size frame = to_size(frame_size);
  const std::int64_t pixels = std::int64_t{frame.width} * frame.height;
  auto flags = allocate_zeros<bool>(multiply({given.count(), pixels}));
  {
    const nb::gil_scoped_release release;
    for (std::int64_t i = 0; i < given.count(); ++i) {
      const Rect region = given.region(i, frame);
      bool* corner = flags.get() + i * pixels + std::int64_t{region.y} * frame.width + region.x;
      given.paste(i, region, bytes_of(corner), frame.width);
    }
  }
  return nb::cast(
      own(std::move(flags), {static_cast<std::size_t>(given.count()), static_cast<std::size_t>(frame.height),
                             static_cast<std::size_t>(frame.width)}));
}

struct Crop {
  Rect region;
  Buffer<bool> flags;
};

std::vector<Crop> cut_crops(const MaskArrays& given, Size frame) {
  std::vector<Crop> crops;
  for (std::int64_t i = 0; i < given.count(); ++i) {
    const Rect region = given.region(i, frame);
    crops.push_back({region, allocate<bool>(std::int64_t{region.width} * region.height)});
    given.paste(i, region, bytes_of(crops.back().flags.get()), region.width);
  }
  return crops;
}

nb::tuple paste_crop_arrays(nb::handle masks, nb::handle extents, const SizeTuple& frame_size) {
  const MaskArrays given(masks, extents);
  check_frame(frame_size);
  std::vector<Crop> crops;
  {
    const nb::gil_scoped_release release;
    crops = cut_crops(given, to_size(frame_size));
  }
  auto corners = allocate<std::int32_t>(2 * given.count());
  nb::list pieces;
  for (std::size_t i = 0; i < crops.size(); ++i) {
    const Rect& region = crops[i].region;
    corners[2 * i] = region.x;
    corners[2 * i + 1] = region.y;
    pieces.append(own(std::move(crops[i].flags),
                      {static_cast<std::size_t>(region.height), static_cast<std::size_t>(region.width)}));
  }
  return nb::make_tuple(pieces, own(std::move(corners), {crops.size(), 2}));
}

}  // namespace

void bind_masks(nb::module_& m) {
  m.def("paste_mask", paste_mask_array, "mask"_a, "extent"_a, "frame_size"_a, "out"_a = nb::none(),
        nb::sig("def paste_mask(mask: " FLOATS ", extent: collections.abc.Sequence[float] | " FLOATS
                ", frame_size: " SIZE ", out: numpy.typing.NDArray[typing.Any] | None = None) -> " BOOLS),
        "Pixels [H, W] of the frame where a mask [h, w] that lies at extent (x1, y1, x2, y2) is at least 0.5.\n\n"
        "Bilinear, fading to 0 in the half cell around the mask; out [H, W] of bool or uint8 is written and returned.");
  m.def("paste_masks", paste_mask_arrays, "masks"_a, "extents"_a, "frame_size"_a,
        nb::sig("def paste_masks(masks: " FLOATS ", extents: " FLOATS ", frame_size: " SIZE ") -> " BOOLS),
        "Pixels [n, H, W] of the frame that each of masks [n, h, w] at extents [n, 4] covers.");
  m.def("paste_crops", paste_crop_arrays, "masks"_a, "extents"_a, "frame_size"_a,
        nb::sig("def paste_crops(masks: " FLOATS ", extents: " FLOATS ", frame_size: " SIZE ") -> tuple[list[" BOOLS
                "], " INTEGERS "]"),
        "The same, of each only the part that the mask can cover, and the parts' corners [n, 2]: x, y in the frame.");
}

}  // namespace gcv::python
