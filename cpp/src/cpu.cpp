#include "gcv_edge/cpu.h"

#include <algorithm>
#include <atomic>
#ifdef GCV_EDGE_X86
#include <cpuid.h>
#endif

#include "gcv_edge/error.h"
#include "kernels.h"

namespace gcv {
namespace {

constexpr Isa kAll[] = {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon};

#ifdef GCV_EDGE_X86
// What the processor has and the system saves. In Zig's builds, __builtin_cpu_supports is false for everything.
bool has_x86(unsigned leaf7_ebx, unsigned saved_states) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & bit_OSXSAVE) == 0) return false;
  unsigned states = 0, high = 0;  // NOLINT(misc-const-correctness): the next line writes them
  __asm__ volatile("xgetbv" : "=a"(states), "=d"(high) : "c"(0));
  if ((states & saved_states) != saved_states) return false;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & leaf7_ebx) == leaf7_ebx;
}
#endif

bool has_isa(Isa isa) {
#ifdef GCV_EDGE_X86
  constexpr unsigned kYmm = 0x6, kZmm = 0xe6;  // XCR0: SSE and AVX; with opmasks and both halves of ZMM
  if (isa == Isa::avx2) return has_x86(bit_AVX2, kYmm);
  if (isa == Isa::avx512) return has_x86(bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ, kZmm);
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
