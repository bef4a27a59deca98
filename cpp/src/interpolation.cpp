#include "interpolation.h"

#include "gcv_edge/interpolation.h"
#include "names.h"

namespace gcv {
namespace {

constexpr std::string_view kNames[] = {"bilinear", "nearest", "area", "bicubic", "by_size", "warp", "lanczos"};
constexpr Names kInterpolations{"interpolation", kNames};

}  // namespace

std::vector<const char*> interpolation_names() {
  std::vector<const char*> names;
  for (const std::string_view& name : kNames) names.push_back(name.data());
  return names;
}

Interpolation parse_interpolation(std::string_view name) {
  return static_cast<Interpolation>(kInterpolations.parse(name));
}

std::string_view to_string(Interpolation interpolation) {
  return kInterpolations.name_of(static_cast<int>(interpolation));
}

}  // namespace gcv
