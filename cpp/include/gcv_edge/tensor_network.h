#pragma once

#include <map>
#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/network.h"
#include "gcv_edge/tensor.h"

namespace gcv {

/// Named tensors in, named tensors out: TensorNetwork("siamrpn.part1.onnx").run({{"data0", target}}).
class GCV_EDGE_API TensorNetwork : public Network {
 public:
  explicit TensorNetwork(const ModelSource& model, const Options& options = {})
      : Network(model, Task::tensors, options) {}

  /// Compute the outputs. Throws ArgumentError where an input is missing or of another type or shape.
  std::map<std::string, Tensor> run(const std::map<std::string, Tensor>& inputs) const;
};

}  // namespace gcv
