#include "filling.h"

#include "crew.h"

namespace gcv {
namespace {

template <typename T>
void sample_as(const ImageView& frame, const Preprocessing& preprocessing, const Placement& placement, const Slot& slot,
               Crew* crew) {
  const ov::Shape shape = slot.input.get_shape();
  const Size size = slot.size();
  const std::size_t plane = static_cast<std::size_t>(size.width) * size.height;
  const std::size_t moments = shape.size() == 5 ? shape[2] : 1;
  T* first = slot.input.data<T>() + (slot.row * shape[1] * moments + slot.moment) * plane;
  preprocess(frame, placement, preprocessing.normalization, size, first, static_cast<std::ptrdiff_t>(plane * moments),
             preprocessing.interpolation, crew);
}

}  // namespace

Size Slot::size() const {
  const ov::Shape shape = input.get_shape();
  return {static_cast<int>(shape[shape.size() - 1]), static_cast<int>(shape[shape.size() - 2])};
}

Placement fill(const ImageView& frame, const Preprocessing& preprocessing, const Slot& slot, Crew* crew) {
  check_image(frame);
  const Placement placement = preprocessing.place({frame.width, frame.height}, slot.size());
  sample(frame, preprocessing, placement, slot, crew);
  return placement;
}

void sample(const ImageView& frame, const Preprocessing& preprocessing, const Placement& placement, const Slot& slot,
            Crew* crew) {
  const bool is_float = slot.input.get_element_type() == ov::element::f32;
  (is_float ? sample_as<float> : sample_as<std::uint8_t>)(frame, preprocessing, placement, slot, crew);
}

}  // namespace gcv
