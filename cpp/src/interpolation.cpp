#include "interpolation.h"

#include <string>
#include <utility>

#include "gcv_edge/error.h"
#include "gcv_edge/interpolation.h"

namespace gcv {
namespace {

constexpr std::pair<const char*, Interpolation> kNames[] = {
    {"bilinear", Interpolation::bilinear}, {"nearest", Interpolation::nearest}, {"area", Interpolation::area},
    {"bicubic", Interpolation::bicubic},   {"by_size", Interpolation::by_size}, {"warp", Interpolation::warp},
    {"lanczos", Interpolation::lanczos},
};

}  // namespace

std::vector<const char*> interpolation_names() {
  std::vector<const char*> names;
  for (const auto& [name, interpolation] : kNames) names.push_back(name);
  return names;
}

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
