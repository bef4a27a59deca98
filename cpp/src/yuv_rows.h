#pragma once

#include <cstdint>

#include "gcv_edge/image.h"
#include "kernels.h"
#include "scratch.h"

namespace gcv {

/// Rows of a YUV frame as luma and chroma; bytes that lie otherwise in the frame are copied. Every thread needs its
/// own.
class YuvRows {
 public:
  /// The frame, a complete one, must outlive it.
  YuvRows(const ImageView& frame, const Kernels& kernels);

  /// Row y; valid until another of the same parity is asked for, as is its chroma.
  YuvRow row(int y);

 private:
  /// A copied row, and which.
  struct CopiedRow {
    int row = -1;
    Scratch<std::uint8_t> bytes;
  };

  YuvRow copy_packed(int y);
  const std::uint8_t* copy_planar(int y);

  const ImageView& frame_;
  const Kernels& kernels_;
  CopiedRow luma_[2], chroma_[2];
};

}  // namespace gcv
