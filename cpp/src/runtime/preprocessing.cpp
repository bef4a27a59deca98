#include "preprocessing.h"

#include "crew.h"

namespace gcv {
namespace {

template <typename T>
void sample_as(const ImageView& frame, const Preprocessing& preprocessing, const Placement& placement,
               const InputSlice& slice, Crew* crew) {
  const ov::Shape& shape = slice.input.get_shape();
  const Size size = slice.size();
  const std::size_t plane = static_cast<std::size_t>(size.width) * size.height;
  const std::size_t moments = shape.size() == 5 ? shape[2] : 1;
  T* first = slice.input.data<T>() + (slice.row * shape[1] * moments + slice.moment) * plane;
  preprocess(frame, placement, preprocessing.normalization, size, first, static_cast<std::ptrdiff_t>(plane * moments),
             preprocessing.interpolation, crew);
}

}  // namespace

Size InputSlice::size() const {
  const ov::Shape& shape = input.get_shape();
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
  const bool is_float = slice.input.get_element_type() == ov::element::f32;
  (is_float ? sample_as<float> : sample_as<std::uint8_t>)(frame, preprocessing, placement, slice, crew);
}

}  // namespace gcv
