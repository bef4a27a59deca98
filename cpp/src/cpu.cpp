#include "gcv_edge/cpu.h"

#include <algorithm>
#include <atomic>

#include "gcv_edge/error.h"
#include "kernels.h"

namespace gcv {
namespace {

constexpr Isa kAll[] = {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon};

bool has_isa(Isa isa) {
#ifdef GCV_EDGE_X86
  __builtin_cpu_init();
  if (isa == Isa::avx2) return __builtin_cpu_supports("avx2");
  if (isa == Isa::avx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  }
#endif
#ifdef GCV_EDGE_NEON
  if (isa == Isa::neon) return true;
#endif
  return isa == Isa::scalar;
}

std::atomic<Isa>& chosen_isa() {
  static std::atomic<Isa> isa{available_isas().back()};
  return isa;
}

std::string list_names(const std::vector<Isa>& isas) {
  std::string names;
  for (const Isa isa : isas) names += (names.empty() ? "" : ", ") + std::string(isa_name(isa));
  return names;
}

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::neon:
      return "neon";
    default:
      return "scalar";
  }
}

std::vector<Isa> available_isas() {
  std::vector<Isa> found;
  std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(found), has_isa);
  return found;
}

Isa active_isa() { return chosen_isa().load(std::memory_order_relaxed); }

void set_isa(std::string_view name) {
  const std::vector<Isa> available = available_isas();
  for (const Isa isa : available) {
    if (name == isa_name(isa)) {
      chosen_isa().store(isa, std::memory_order_relaxed);
      return;
    }
  }
  throw ArgumentError("instruction set: found '" + std::string(name) + "', this processor has " +
                      list_names(available));
}

const Kernels& active_kernels() {
#ifdef GCV_EDGE_X86
  if (active_isa() == Isa::avx512) return avx512_kernels();
  if (active_isa() == Isa::avx2) return avx2_kernels();
#endif
#ifdef GCV_EDGE_NEON
  if (active_isa() == Isa::neon) return neon_kernels();
#endif
  return scalar_kernels();
}

}  // namespace gcv
