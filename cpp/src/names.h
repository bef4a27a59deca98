#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "gcv_edge/error.h"

namespace gcv {

/// An enumerator and its name.
template <typename Enum>
using Named = std::pair<std::string_view, Enum>;

/// The enumerator of a name; throws ArgumentError, with all names, for another.
template <typename Enum, std::size_t kCount>
Enum parse_name(const char* what, const Named<Enum> (&names)[kCount], std::string_view name) {
  std::string expected;
  for (const auto& [known, enumerator] : names) {
    if (name == known) return enumerator;
    expected += (expected.empty() ? "" : ", ") + std::string(known);
  }
  throw ArgumentError(std::string(what) + ": found '" + std::string(name) + "', expected one of " + expected);
}

/// Throws ArgumentError for a number that a cast made an enumeration of but that is no enumerator. `names` has all.
template <typename Enum, std::size_t kCount>
void check_enumerator(const char* what, const Named<Enum> (& /*names*/)[kCount], Enum found) {
  const auto number = static_cast<long>(found);
  if (number >= 0 && number < static_cast<long>(kCount)) return;
  throw ArgumentError(std::string(what) + ": found number " + std::to_string(number) + ", expected 0 to " +
                      std::to_string(kCount - 1));
}

}  // namespace gcv
