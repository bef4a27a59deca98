#include <algorithm>
#include <utility>

#include "openvino_engine.h"

namespace gcv {
namespace {

/// A property of whatever the engine runs the network on; AUTO does not pass all of them on.
template <typename T, ov::PropertyMutability M>
T property_or(const ov::CompiledModel& compiled, const ov::Property<T, M>& property, const T& otherwise) {
  const auto known = compiled.get_property(ov::supported_properties);
  if (std::find(known.begin(), known.end(), property.name()) == known.end()) return otherwise;
  return compiled.get_property(property);
}

/// Spell a type as NumPy does: "float32".
std::string type_name(const ov::element::Type& type) {
  if (type == ov::element::boolean) return "bool";
  const std::string name = type.get_type_name();
  if (name == "bf16") return "bfloat16";
  const char kind = name.empty() ? '?' : name[0];
  const std::string bits = name.size() > 1 ? name.substr(1) : "";
  return (kind == 'f' ? "float" : kind == 'i' ? "int" : kind == 'u' ? "uint" : name) + bits;
}

/// Name, type and shape of ports in the same order.
std::vector<TensorInfo> describe_ports(const std::vector<ov::Output<const ov::Node>>& ports,
                                       const std::vector<std::string>& names) {
  std::vector<TensorInfo> found;
  found.reserve(ports.size());
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& port = ports[i];
    found.push_back({names[i], type_name(port.get_element_type()), shape_of(port.get_partial_shape())});
  }
  return found;
}

void view(ov::Tensor tensor, EngineTensor& seen) {
  const ov::Shape& shape = tensor.get_shape();
  seen.data = tensor.data();
  seen.shape.assign(shape.begin(), shape.end());
  seen.is_float = tensor.get_element_type() == ov::element::f32;
  seen.byte_size = tensor.get_byte_size();
}

class OpenVinoRequest : public EngineRequest {
 public:
  /// `path` must outlive it.
  OpenVinoRequest(ov::InferRequest request, std::size_t inputs, std::size_t outputs, const std::string& path)
      : request_(std::move(request)), path_(path), outputs_(outputs) {
    for (std::size_t i = 0; i < inputs; ++i) {
      tensors_.push_back(request_.get_input_tensor(i));
      view(tensors_[i], inputs_.emplace_back());
    }
  }

  const EngineTensor& output(std::size_t index) override {
    view(request_.get_output_tensor(index), outputs_[index]);
    return outputs_[index];
  }

  void resize(Size size) override {
    ov::Shape shape = tensors_[0].get_shape();
    shape[2] = static_cast<std::size_t>(size.height);
    shape[3] = static_cast<std::size_t>(size.width);
    call_engine(path_, "OpenVINO cannot make room for a frame", [&] { tensors_[0].set_shape(shape); });
    view(tensors_[0], inputs_[0]);
  }

  void infer() override {
    call_engine(path_, "OpenVINO failed", [this] { request_.infer(); });
  }

 private:
  ov::InferRequest request_;
  const std::string& path_;
  std::vector<ov::Tensor> tensors_;  ///< of the inputs
  std::vector<EngineTensor> outputs_;
};

std::string describe_engine() {
  const std::string build = ov::get_openvino_version().buildNumber;
  return "openvino " + build.substr(0, build.find('-'));
}

}  // namespace

std::vector<std::int64_t> shape_of(const ov::PartialShape& shape) {
  std::vector<std::int64_t> lengths;
  if (shape.rank().is_dynamic()) return lengths;
  for (const ov::Dimension& length : shape) lengths.push_back(length.is_dynamic() ? -1 : length.get_length());
  return lengths;
}

OpenVinoNetwork::OpenVinoNetwork(ov::CompiledModel compiled, std::string path, const Names& names)
    : compiled_(std::move(compiled)), path_(std::move(path)) {
  engine = describe_engine();
  call_engine(path_, "OpenVINO cannot describe it", [&] {
    precision = property_or(compiled_, ov::hint::inference_precision, ov::element::f32).get_type_name();
    inputs = describe_ports(compiled_.inputs(), names.inputs);
    outputs = describe_ports(compiled_.outputs(), names.outputs);
    streams = static_cast<int>(property_or(compiled_, ov::optimal_number_of_infer_requests, 1U));
    threads = property_or(compiled_, ov::inference_num_threads, 1);
  });
}

LoadingReport OpenVinoNetwork::report() const {
  return call_engine(path_, "OpenVINO cannot describe it", [this] {
    return LoadingReport{compiled_.get_property(ov::loaded_from_cache),
                         property_or(compiled_, ov::hint::enable_cpu_pinning, false)};
  });
}

std::unique_ptr<EngineRequest> OpenVinoNetwork::make_request() {
  return call_engine(path_, "OpenVINO cannot make room for an inference", [this] {
    return std::make_unique<OpenVinoRequest>(compiled_.create_infer_request(), inputs.size(), outputs.size(), path_);
  });
}

}  // namespace gcv
