#include "preprocessing.h"

#include "crew.h"

namespace gcv {
namespace {

/// Give write(first number, numbers from a plane to the next) the planes of a slice.
template <typename T, typename Write>
void write_planes(const InputSlice& slice, const Write& write) {
  const std::vector<std::int64_t>& shape = slice.input.shape;
  const Size size = slice.size();
  const std::size_t plane = static_cast<std::size_t>(size.width) * size.height;
  const auto channels = static_cast<std::size_t>(shape[1]);
  const std::size_t moments = shape.size() == 5 ? static_cast<std::size_t>(shape[2]) : 1;
  T* first = static_cast<T*>(slice.input.data) + (slice.row * channels * moments + slice.moment) * plane;
  write(first, static_cast<std::ptrdiff_t>(plane * moments));
}

template <typename Write>
void write_slice(const InputSlice& slice, const Write& write) {
  slice.input.is_float ? write_planes<float>(slice, write) : write_planes<std::uint8_t>(slice, write);
}

}  // namespace

Size InputSlice::size() const {
  const std::vector<std::int64_t>& shape = input.shape;
  return {static_cast<int>(shape[shape.size() - 1]), static_cast<int>(shape[shape.size() - 2])};
}

Placement fill(const ImageView& frame, const Preprocessing& preprocessing, const InputSlice& slice, Crew* crew) {
  check_image(frame);
  const Placement placement = preprocessing.place({frame.width, frame.height}, slice.size());
  sample(frame, preprocessing, placement, slice, crew);
  return placement;
}

void sample(const ImageView& frame, const Preprocessing& preprocessing, const Placement& placement,
            const InputSlice& slice, Crew* crew) {
  write_slice(slice, [&](auto* first, std::ptrdiff_t plane_stride) {
    preprocess(frame, placement, preprocessing.normalization, slice.size(), first, plane_stride,
               preprocessing.interpolation, crew);
  });
}

void sample_crop(const ImageView& frame, const Preprocessing& preprocessing, const Rect& crop, const InputSlice& slice,
                 Crew* crew) {
  write_slice(slice, [&](auto* first, std::ptrdiff_t plane_stride) {
    preprocess_crop(frame, crop, preprocessing.normalization, slice.size(), first, plane_stride, crew);
  });
}

}  // namespace gcv
