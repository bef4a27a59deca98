#include "tensors.h"

namespace gcv {
namespace {

void copy_output(const ov::Tensor& computed, const std::string& type, Tensor& tensor) {
  const ov::Shape& shape = computed.get_shape();
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.type = type;
  if (type == "float32") {
    const auto* values = computed.data<float>();
    tensor.values.assign(values, values + computed.get_size());
  } else {
    const auto* bytes = static_cast<const unsigned char*>(computed.data());
    tensor.bytes.assign(bytes, bytes + computed.get_byte_size());
  }
}

}  // namespace

void copy_outputs(Request& request, const std::vector<TensorInfo>& ports, std::map<std::string, Tensor>& tensors) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    copy_output(request.output(i), ports[i].type, tensors[ports[i].name]);
  }
}

}  // namespace gcv
