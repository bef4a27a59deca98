#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/export.h"

namespace gcv {

/// Name, type and shape of a network's input or output.
struct TensorInfo {
  std::string name;
  std::string type;                 ///< "float32", "int64", ...
  std::vector<std::int64_t> shape;  ///< -1 for a length that is only known after a run
};

/// Numbers with a shape, row after row.
struct GCV_EDGE_API Tensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;         ///< of type float32; empty for another
  std::string type = "float32";      ///< "float32", "int64", ...
  std::vector<unsigned char> bytes;  ///< numbers of another type, as they lie in memory; else empty
};

}  // namespace gcv
