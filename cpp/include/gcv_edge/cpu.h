#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gcv_edge/export.h"

namespace gcv {

/// Instruction sets with kernels of their own. All give the same bits.
enum class Isa { scalar, avx2, avx512, neon };

/// Spell an instruction set: "scalar", "avx2", "avx512" or "neon".
GCV_EDGE_API const char* isa_name(Isa isa);

/// Instruction sets that this processor has, slowest first. Never empty.
GCV_EDGE_API std::vector<Isa> available_isas();

/// The instruction set in use: the fastest available unless set_isa() chose another.
GCV_EDGE_API Isa active_isa();

/// Choose the instruction set for the whole process; meant for tests and benchmarks.
///
/// Throws ArgumentError if the name is unknown or the processor lacks it.
GCV_EDGE_API void set_isa(std::string_view name);

}  // namespace gcv
