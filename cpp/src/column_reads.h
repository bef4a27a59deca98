#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"
#include "scratch.h"

namespace gcv {

/// Round a length up to whole blocks.
inline std::size_t pad_to(std::size_t count, std::size_t block) { return (count + block - 1) / block * block; }

/// Columns, in whole blocks, that kernels can read from a row: kReadAhead bytes from their rising offsets on are in it.
inline std::size_t count_direct(const Scratch<std::int32_t>& offsets, int row_bytes) {
  const int last_safe = row_bytes - kReadAhead;
  const auto* const unsafe = std::partition_point(offsets.begin(), offsets.end(),
                                                  [last_safe](std::int32_t offset) { return offset <= last_safe; });
  return static_cast<std::size_t>(unsafe - offsets.begin()) / kBlock * kBlock;
}

}  // namespace gcv
