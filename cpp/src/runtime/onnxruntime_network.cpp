#include "onnxruntime_network.h"

#include <algorithm>
#include <utility>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

struct NumberType {
  ONNXTensorElementDataType type;
  const char* name;  ///< as NumPy spells it
  std::size_t size;
};

constexpr NumberType kTypes[] = {
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, "float32", 4},    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, "uint8", 1},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, "int8", 1},        {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, "uint16", 2},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, "int16", 2},      {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, "int32", 4},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, "int64", 8},      {ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, "bool", 1},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, "float16", 2},  {ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, "float64", 8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, "uint32", 4},    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, "uint64", 8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, "bfloat16", 2}};

/// Type and shape, of a port or of a tensor.
struct Shaped {
  const NumberType* type;  ///< null: none of numbers
  std::vector<std::int64_t> shape;
};

Shaped read_shape(const OrtTensorTypeAndShapeInfo* info) {
  const OrtApi& api = shared_onnxruntime().api;
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  std::size_t rank = 0;
  check_status(api.GetTensorElementType(info, &type));
  check_status(api.GetDimensionsCount(info, &rank));
  const auto* const found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [type](const NumberType& one) { return one.type == type; });
  Shaped read{found == std::end(kTypes) ? nullptr : found, std::vector<std::int64_t>(rank)};
  check_status(api.GetDimensions(info, read.shape.data(), rank));
  return read;
}

using NameOfPort = OrtStatus* (*)(const OrtSession*, std::size_t, OrtAllocator*, char**);
using TypeOfPort = OrtStatus* (*)(const OrtSession*, std::size_t, OrtTypeInfo**);

/// -1 stands for lengths that are open.
TensorInfo describe_port(const OrtSession* session, std::size_t index, NameOfPort name_of, TypeOfPort type_of) {
  const OrtApi& api = shared_onnxruntime().api;
  OrtAllocator* allocator = nullptr;
  char* text = nullptr;
  check_status(api.GetAllocatorWithDefaultOptions(&allocator));
  check_status(name_of(session, index, allocator, &text));
  TensorInfo port;
  port.name = text;
  check_status(api.AllocatorFree(allocator, text));
  const auto type =
      own<OrtTypeInfo>(api.ReleaseTypeInfo, [&](OrtTypeInfo** made) { return type_of(session, index, made); });
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;
  check_status(api.CastTypeInfoToTensorInfo(type.get(), &tensor));
  port.type = "object";
  if (tensor == nullptr) return port;
  const Shaped read = read_shape(tensor);
  if (read.type != nullptr) port.type = read.type->name;
  port.shape = read.shape;
  return port;
}

std::vector<TensorInfo> list_ports(const OrtSession* session, std::size_t count, NameOfPort name_of,
                                   TypeOfPort type_of) {
  std::vector<TensorInfo> ports;
  ports.reserve(count);
  for (std::size_t i = 0; i < count; ++i) ports.push_back(describe_port(session, i, name_of, type_of));
  return ports;
}

std::vector<TensorInfo> list_inputs(const OrtSession* session) {
  const OrtApi& api = shared_onnxruntime().api;
  std::size_t count = 0;
  check_status(api.SessionGetInputCount(session, &count));
  return list_ports(session, count, api.SessionGetInputName, api.SessionGetInputTypeInfo);
}

std::vector<TensorInfo> list_outputs(const OrtSession* session) {
  const OrtApi& api = shared_onnxruntime().api;
  std::size_t count = 0;
  check_status(api.SessionGetOutputCount(session, &count));
  return list_ports(session, count, api.SessionGetOutputName, api.SessionGetOutputTypeInfo);
}

std::size_t count_bytes(const Shaped& tensor) {
  std::size_t bytes = tensor.type == nullptr ? 0 : tensor.type->size;
  for (const std::int64_t length : tensor.shape) bytes *= static_cast<std::size_t>(std::max<std::int64_t>(length, 0));
  return bytes;
}

const NumberType* find_type(const std::string& name) {
  const auto* const found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const NumberType& one) { return one.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

/// Buffers of the inputs, which ONNX Runtime reads in place; each inference makes its outputs.
class OnnxRuntimeRequest : public EngineRequest {
 public:
  /// `network` must outlive it.
  explicit OnnxRuntimeRequest(const OnnxRuntimeNetwork& network)
      : network_(network), api_(shared_onnxruntime().api), outputs_(network.outputs.size()) {
    for (const TensorInfo& port : network.inputs) {
      input_names_.push_back(port.name.c_str());
      types_.push_back(find_type(port.type));
      inputs_.push_back({nullptr, port.shape, port.type == "float32", 0});
    }
    for (const TensorInfo& port : network.outputs) output_names_.push_back(port.name.c_str());
    numbers_.resize(inputs_.size());
    made_.resize(outputs_.size());
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      given_.push_back(nullptr);
      make_room(i);
    }
  }

  ~OnnxRuntimeRequest() override {
    release(given_);
    release(made_);
  }

  const EngineTensor& output(std::size_t index) override { return outputs_[index]; }

  void resize(Size size) override {
    std::vector<std::int64_t>& shape = inputs_[0].shape;
    if (shape[2] == size.height && shape[3] == size.width) return;
    shape[2] = size.height;
    shape[3] = size.width;
    call_engine(network_.path(), "ONNX Runtime cannot make room for a frame", [this] { make_room(0); });
  }

  void infer() override {
    call_engine(network_.path(), "ONNX Runtime failed", [this] {
      release(made_);
      check_status(api_.Run(network_.session(), nullptr, input_names_.data(), given_.data(), given_.size(),
                            output_names_.data(), output_names_.size(), made_.data()));
      for (std::size_t i = 0; i < made_.size(); ++i) view(made_[i], outputs_[i]);
    });
  }

 private:
  /// A value over an input's buffer; none while its height and width are open.
  void make_room(std::size_t index) {
    EngineTensor& input = inputs_[index];
    const NumberType* const type = types_[index];
    input.byte_size = count_bytes({type, input.shape});
    if (numbers_[index].size() < input.byte_size) numbers_[index].resize(input.byte_size);
    input.data = numbers_[index].data();
    api_.ReleaseValue(std::exchange(given_[index], nullptr));
    if (type == nullptr || input.byte_size == 0) return;
    const auto memory = own<OrtMemoryInfo>(api_.ReleaseMemoryInfo, [this](OrtMemoryInfo** made) {
      return api_.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, made);
    });
    check_status(api_.CreateTensorWithDataAsOrtValue(memory.get(), input.data, input.byte_size, input.shape.data(),
                                                     input.shape.size(), type->type, &given_[index]));
  }

  void view(OrtValue* value, EngineTensor& seen) const {
    const auto info = own<OrtTensorTypeAndShapeInfo>(
        api_.ReleaseTensorTypeAndShapeInfo,
        [&](OrtTensorTypeAndShapeInfo** made) { return api_.GetTensorTypeAndShape(value, made); });
    const Shaped read = read_shape(info.get());
    seen.shape.assign(read.shape.begin(), read.shape.end());
    seen.is_float = read.type == find_type("float32");
    seen.byte_size = count_bytes(read);
    check_status(api_.GetTensorMutableData(value, &seen.data));
  }

  void release(std::vector<OrtValue*>& values) const {
    for (OrtValue*& value : values) api_.ReleaseValue(std::exchange(value, nullptr));
  }

  const OnnxRuntimeNetwork& network_;
  const OrtApi& api_;
  std::vector<const char*> input_names_, output_names_;
  std::vector<const NumberType*> types_;             ///< of the inputs; null: none of numbers
  std::vector<std::vector<unsigned char>> numbers_;  ///< of the inputs
  std::vector<OrtValue*> given_, made_;
  std::vector<EngineTensor> outputs_;
};

}  // namespace

OnnxRuntimeNetwork::OnnxRuntimeNetwork(OrtOwned<OrtSession> session, const Opening& opening)
    : session_(std::move(session)), path_(opening.source.name()) {
  engine = "onnxruntime " + shared_onnxruntime().version;
  precision = "f32";
  call_engine(path_, "ONNX Runtime cannot describe it", [this] {
    inputs = list_inputs(session_.get());
    outputs = list_outputs(session_.get());
  });
  if (inputs.empty()) throw FormatError(path_, "found 0 inputs, expected 1");
  has_dynamic_batch = !inputs[0].shape.empty() && inputs[0].shape[0] < 0;
  for (TensorInfo& port : inputs) port.shape = fix_shape(opening, port.shape, inputs.size() == 1);
  for (TensorInfo& port : outputs) {
    if (!port.shape.empty() && port.shape[0] < 0) port.shape[0] = inputs[0].shape[0];
  }
}

std::unique_ptr<EngineRequest> OnnxRuntimeNetwork::make_request() {
  return call_engine(path_, "ONNX Runtime cannot make room for an inference",
                     [this] { return std::make_unique<OnnxRuntimeRequest>(*this); });
}

}  // namespace gcv
