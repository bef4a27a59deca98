#pragma once

#include <cstddef>
#include <string_view>

namespace gcv {

/// Names of an enumeration, in its order.
struct Names {
  const char* what;
  const std::string_view* first;
  std::size_t count;

  template <std::size_t kCount>
  constexpr Names(const char* enumeration, const std::string_view (&names)[kCount])
      : what(enumeration), first(names), count(kCount) {}

  /// Number of a name; throws ArgumentError, with all names, for another.
  int parse(std::string_view name) const;

  /// Name of a number, which a cast may have made an enumerator of; throws ArgumentError where it is none.
  std::string_view name_of(int number) const;
};

}  // namespace gcv
