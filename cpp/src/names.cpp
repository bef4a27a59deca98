#include "names.h"

#include <string>

#include "gcv_edge/error.h"

namespace gcv {

int Names::parse(std::string_view name) const {
  std::string expected;
  for (std::size_t i = 0; i < count; ++i) {
    if (name == first[i]) return static_cast<int>(i);
    expected.append(i == 0 ? "" : ", ").append(first[i]);
  }
  throw ArgumentError(std::string(what) + ": found '" + std::string(name) + "', expected one of " + expected);
}

std::string_view Names::name_of(int number) const {
  if (number >= 0 && static_cast<std::size_t>(number) < count) return first[number];
  throw ArgumentError(std::string(what) + ": found number " + std::to_string(number) + ", expected 0 to " +
                      std::to_string(count - 1));
}

}  // namespace gcv
