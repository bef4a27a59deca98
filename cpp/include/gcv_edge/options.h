#pragma once

#include <functional>
#include <string>

namespace gcv {

/// What float operations are computed in. f32 computes what export verified; bf16 is faster on CPUs that have it and
/// keeps 8 bits of mantissa; automatic takes what the file was measured to run best in, else leaves it to the engine,
/// which takes bf16 wherever the CPU has it.
enum class Precision { f32, bf16, automatic };

/// One frame as soon as possible, or many frames at once.
enum class Hint { latency, throughput };

/// Takes a line of text. Called from any thread that uses the network; what it throws is dropped.
using Log = std::function<void(const std::string& line)>;

// NOLINTBEGIN(readability-redundant-member-init): GCC wants them where a list of initialisers stops before

/// How a network is run.
struct Options {
  Precision precision = Precision::f32;
  Hint hint = Hint::latency;
  int threads = 0;  ///< CPU threads; 0 for the affinity mask's count or the cgroup's quota, whichever is smaller
  int streams = 0;  ///< frames computed side by side; 0 for what the file says of as many CPUs, else the hint's choice

  /// Where it runs: "CPU", "GPU", "NPU", or "AUTO", which lets the engine choose. "GPU.1" is the second one.
  std::string device = "CPU";

  /// Folder where the engine keeps compiled networks, so that the next open is quicker; empty: nowhere. What is in it
  /// runs as it is: nobody else may write there.
  std::string cache_dir = {};

  /// Inferences that may run at once; who comes meanwhile waits. 0: as many as threads ask for.
  int requests = 0;

  Log log = {};  ///< told what was opened and compiled, and in which time

  /// "openvino" or "onnxruntime"; empty: the one that the library is for. ONNX Runtime has no bf16, no other device
  /// than the CPU and no cache: asking for them is an UnsupportedError or ArgumentError.
  std::string engine = {};
};

// NOLINTEND(readability-redundant-member-init)

}  // namespace gcv
