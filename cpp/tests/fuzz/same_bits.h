#pragma once

#include <cstdlib>
#include <cstring>
#include <vector>

#include "gcv_edge/cpu.h"

/// What a fuzz target holds to be true.
inline void require(bool is_right) {
  if (!is_right) std::abort();
}

/// Run on every instruction set of the processor: all must give the same bits, which are returned.
template <typename T, typename Run>
std::vector<T> same_on_every_isa(const Run& run) {
  std::vector<T> first;
  for (const gcv::Isa isa : gcv::available_isas()) {
    gcv::set_isa(gcv::isa_name(isa));
    std::vector<T> found = run();
    if (isa == gcv::Isa::scalar) {
      first = std::move(found);
    } else {
      require(found.size() == first.size());
      require(found.empty() || std::memcmp(found.data(), first.data(), found.size() * sizeof(T)) == 0);
    }
  }
  return first;
}
