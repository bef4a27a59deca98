#include "gcv_edge/tensor_network.h"

#include <algorithm>

#include "gcv_edge/error.h"
#include "join.h"
#include "network_state.h"
#include "tensors.h"

namespace gcv {
namespace {

void check_names(const std::map<std::string, Tensor>& given, const std::vector<TensorInfo>& inputs) {
  std::vector<std::string> found, expected;
  for (const auto& [name, tensor] : given) found.push_back(name);
  for (const TensorInfo& input : inputs) expected.push_back(input.name);
  const auto is_given = [&](const std::string& name) { return given.count(name) != 0; };
  if (found.size() == expected.size() && std::all_of(expected.begin(), expected.end(), is_given)) return;
  throw ArgumentError("inputs: found " + join(found) + ", expected " + join(expected));
}

std::size_t byte_size(const Tensor& tensor) {
  return tensor.type == "float32" ? tensor.values.size() * sizeof(float) : tensor.bytes.size();
}

const void* numbers_of(const Tensor& tensor) {
  if (tensor.type == "float32") return tensor.values.data();
  return tensor.bytes.data();
}

void copy_in(const std::string& name, const Tensor& given, const TensorInfo& expected, const EngineTensor& room) {
  if (given.type != expected.type) {
    throw ArgumentError(name + ": found " + given.type + ", expected an array of " + expected.type);
  }
  if (given.shape != expected.shape || byte_size(given) != room.byte_size) {
    throw ArgumentError(name + ": found shape " + describe_shape(given.shape) + " and " +
                        std::to_string(byte_size(given)) + " bytes, expected " + describe_shape(expected.shape));
  }
  std::copy_n(static_cast<const unsigned char*>(numbers_of(given)), room.byte_size,
              static_cast<unsigned char*>(room.data));
}

}  // namespace

std::map<std::string, Tensor> TensorNetwork::run(const std::map<std::string, Tensor>& inputs) const {
  Session& session = state().session();
  check_names(inputs, session.inputs());
  Session::Lease request(session);
  for (std::size_t i = 0; i < session.inputs().size(); ++i) {
    const TensorInfo& expected = session.inputs()[i];
    copy_in(expected.name, inputs.at(expected.name), expected, request->input(i));
  }
  request->infer();
  std::map<std::string, Tensor> results;
  copy_outputs(*request, session.outputs(), results);
  return results;
}

}  // namespace gcv
