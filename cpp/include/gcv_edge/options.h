#pragma once

namespace gcv {

/// What float operations are computed in. f32 computes what export verified; bf16 is faster on CPUs that have it and
/// keeps 8 bits of mantissa; automatic leaves it to the engine, which then takes bf16 wherever the CPU has it.
enum class Precision { f32, bf16, automatic };

/// One frame as soon as possible, or many frames at once.
enum class Hint { latency, throughput };

/// How a network is run.
struct Options {
  Precision precision = Precision::f32;
  Hint hint = Hint::latency;
  int threads = 0;  ///< CPU threads; 0 for the affinity mask's count or the cgroup's quota, whichever is smaller
  int streams = 0;  ///< frames computed side by side; 0 for the hint's own choice
};

}  // namespace gcv
