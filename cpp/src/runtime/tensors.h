#pragma once

#include <map>
#include <string>
#include <vector>

#include "gcv_edge/tensor.h"
#include "request.h"

namespace gcv {

/// Copy all outputs of a request, by name, into tensors that are there already or are made.
void copy_outputs(Request& request, const std::vector<TensorInfo>& ports, std::map<std::string, Tensor>& tensors);

}  // namespace gcv
