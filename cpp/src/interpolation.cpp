#include "gcv_edge/interpolation.h"

#include <string>
#include <utility>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

constexpr std::pair<std::string_view, Interpolation> kNames[] = {
    {"bilinear", Interpolation::bilinear}, {"nearest", Interpolation::nearest}, {"area", Interpolation::area},
    {"bicubic", Interpolation::bicubic},   {"by_size", Interpolation::by_size}, {"warp", Interpolation::warp},
};

}  // namespace

Interpolation parse_interpolation(std::string_view name) {
  std::string expected;
  for (const auto& [known, interpolation] : kNames) {
    if (name == known) return interpolation;
    expected += (expected.empty() ? "" : ", ") + std::string(known);
  }
  throw ArgumentError("interpolation: found '" + std::string(name) + "', expected one of " + expected);
}

std::string_view to_string(Interpolation interpolation) {
  for (const auto& [name, known] : kNames) {
    if (interpolation == known) return name;
  }
  throw ArgumentError("interpolation: found number " + std::to_string(static_cast<int>(interpolation)) +
                      ", expected an enumerator");
}

}  // namespace gcv
