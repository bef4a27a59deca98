#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "gcv_edge/image.h"
#include "gcv_edge/placement.h"

namespace gcv {

/// Numbers of a network's output, or one frame's part of it; nothing is owned.
struct Output {
  const float* values = nullptr;
  std::vector<std::int64_t> shape;

  std::int64_t count() const;
  std::size_t rank() const { return shape.size(); }

  /// "[3, 416, 416]", for messages.
  std::string describe() const;

  /// One entry along the first axis.
  Output row(std::int64_t index) const;
};

/// Outputs by name.
using Outputs = std::map<std::string, Output, std::less<>>;

/// Where a frame lies in the network's input, and the sizes of both.
struct FrameGeometry {
  Placement placement;
  Size input;
  Size frame;
  PixelFormat format;
};

/// An output by name. Throws ArgumentError if there is none.
const Output& find_output(const Outputs& outputs, const char* name);

/// Spell a shape: "[1, 3, None]"; -1 is a length that is not known.
std::string describe_shape(const std::vector<std::int64_t>& shape);

/// Throws ArgumentError, naming the output, for another shape; -1 allows any length, and `least` is that of those.
void check_shape(const char* name, const Output& output, std::initializer_list<std::int64_t> expected,
                 std::int64_t least = 0);

/// Throws ArgumentError, naming the output, for lengths that cannot be.
void check_lengths(const char* name, const Output& output);

}  // namespace gcv
