#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "scratch.h"

namespace gcv {

/// Blends the columns of rows of a frame.
class RowBlender {
 public:
  virtual ~RowBlender() = default;

  virtual std::size_t padded_columns() const = 0;

  /// Blend one or two neighbouring rows to four numbers per column.
  virtual void blend(const int* rows, std::size_t count, std::int16_t* const* outs) = 0;
};

/// The last two rows that were blended, which an upscale asks for again.
class BlendedRows {
 public:
  /// The blender must outlive it.
  explicit BlendedRows(RowBlender& blender);

  /// Two blended rows (`top` <= `bottom`); valid until the next call.
  std::pair<const std::int16_t*, const std::int16_t*> rows(int top, int bottom);

 private:
  struct Slot {
    int row = -1;
    Scratch<std::int16_t> columns;
  };

  void blend(Slot* slots, const int* rows, std::size_t count);

  RowBlender& blender_;
  Slot slots_[2];
};

}  // namespace gcv
