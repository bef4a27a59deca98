#include "tensors.h"

namespace gcv {
namespace {

void copy_output(const EngineTensor& computed, const std::string& type, Tensor& tensor) {
  tensor.shape.assign(computed.shape.begin(), computed.shape.end());
  tensor.type = type;
  if (type == "float32") {
    const auto* values = static_cast<const float*>(computed.data);
    const std::size_t count = computed.byte_size / sizeof(float);
    tensor.values.assign(values, values + count);
  } else {
    const auto* bytes = static_cast<const unsigned char*>(computed.data);
    tensor.bytes.assign(bytes, bytes + computed.byte_size);
  }
}

}  // namespace

void copy_outputs(Request& request, const std::vector<TensorInfo>& ports, std::map<std::string, Tensor>& tensors) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    copy_output(request.output(i), ports[i].type, tensors[ports[i].name]);
  }
}

}  // namespace gcv
