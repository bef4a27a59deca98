#include "blended_rows.h"

namespace gcv {

BlendedRows::BlendedRows(RowBlender& blender) : blender_(blender) {
  for (Slot& slot : slots_) slot.columns.resize(4 * blender_.padded_columns());
}

std::pair<const std::int16_t*, const std::int16_t*> BlendedRows::rows(int top, int bottom) {
  if (slots_[1].row == top) std::swap(slots_[0], slots_[1]);
  const int wanted[2] = {top, bottom};
  const std::size_t begin = slots_[0].row == top ? 1 : 0;
  const std::size_t end = bottom == top || slots_[1].row == bottom ? 1 : 2;
  if (begin < end) blend(slots_ + begin, wanted + begin, end - begin);
  return {slots_[0].columns.data(), slots_[bottom == top ? 0 : 1].columns.data()};
}

void BlendedRows::blend(Slot* slots, const int* rows, std::size_t count) {
  std::int16_t* outs[2];
  for (std::size_t i = 0; i < count; ++i) {
    outs[i] = slots[i].columns.data();
    slots[i].row = rows[i];
  }
  blender_.blend(rows, count, outs);
}

}  // namespace gcv
