#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/image.h"

namespace gcv {

// NOLINTBEGIN(readability-redundant-member-init): GCC wants them where a list of initialisers stops before

/// One picture of a stream, with whatever keeps its pixels alive.
struct Frame {
  ImageView image;
  std::shared_ptr<const void> owner = {};  ///< of the pixels; may be empty where they outlive the stream
  std::string name = {};
  std::int64_t index = 0;  ///< place in the stream, from 0; set by the stream
};

// NOLINTEND(readability-redundant-member-init)

/// Fills the next frame; false at the end. Called from one thread at a time, not the caller's.
using FrameSource = std::function<bool(Frame& frame)>;

/// A frame with its own copy of the pixels. Throws ArgumentError for a view that is no picture.
GCV_EDGE_API Frame copy_frame(const ImageView& image);

}  // namespace gcv
