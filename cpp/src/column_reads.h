#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "scratch.h"

namespace gcv {

/// Round a length up to whole blocks.
inline std::size_t pad_to(std::size_t count, std::size_t block) { return (count + block - 1) / block * block; }

/// Kernels read kReadAhead bytes from a column's offset on. Columns for which that would leave the row are read from a
/// copy of the row's end, in which the last pixel comes twice: it is its own right neighbour.
class RowTail {
 public:
  /// Of no columns.
  RowTail() = default;

  /// Find those of the rising `offsets`, which come in whole blocks, and let theirs count from the copy's begin.
  RowTail(Scratch<std::int32_t>& offsets, int row_bytes, int step) : row_bytes_(row_bytes), step_(step) {
    const auto* const unsafe = std::partition_point(
        offsets.begin(), offsets.end(), [row_bytes](std::int32_t offset) { return offset <= row_bytes - kReadAhead; });
    direct_ = static_cast<std::size_t>(unsafe - offsets.begin()) / kBlock * kBlock;
    count_ = offsets.size() - direct_;
    if (count_ == 0) return;
    begin_ = offsets[direct_];
    for (std::size_t i = direct_; i < offsets.size(); ++i) offsets[i] -= begin_;
  }

  /// Columns that are read from the row itself; they come first.
  std::size_t direct() const { return direct_; }
  /// Columns that are read from the copy.
  std::size_t count() const { return count_; }
  /// Bytes of a copy, with those that are read ahead.
  std::size_t bytes() const { return count_ == 0 ? 0 : static_cast<std::size_t>(row_bytes_ - begin_) + kReadAhead; }

  /// Copy the end of a row to `out`.
  void copy(const std::uint8_t* row, std::uint8_t* out) const {
    std::uint8_t* const end = std::copy(row + begin_, row + row_bytes_, out);
    for (int k = 0; k < step_; ++k) end[k] = end[k - step_];
  }

 private:
  int row_bytes_ = 0, step_ = 0;
  std::size_t direct_ = 0, count_ = 0;
  std::int32_t begin_ = 0;  ///< byte of the row
};

}  // namespace gcv
