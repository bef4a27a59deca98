#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace gcv {

/// A stride, of which 0 means no gaps: `length`.
///
/// Throws ArgumentError, with the name, where `count` pieces of `length` elements would overlap or be more than memory
/// can hold; `bytes` are an element's.
std::ptrdiff_t complete_stride(const std::string& name, std::ptrdiff_t stride, std::int64_t length, std::int64_t count,
                               std::size_t bytes = 1);

}  // namespace gcv
