#include "gcv_edge/interpolation.h"

#include "names.h"

namespace gcv {
namespace {

constexpr Named<Interpolation> kNames[] = {
    {"bilinear", Interpolation::bilinear}, {"nearest", Interpolation::nearest}, {"area", Interpolation::area},
    {"bicubic", Interpolation::bicubic},   {"by_size", Interpolation::by_size}, {"warp", Interpolation::warp},
};

}  // namespace

Interpolation parse_interpolation(std::string_view name) { return parse_name("interpolation", kNames, name); }

std::string_view to_string(Interpolation interpolation) {
  check_enumerator("interpolation", kNames, interpolation);
  return kNames[static_cast<int>(interpolation)].first;
}

}  // namespace gcv
