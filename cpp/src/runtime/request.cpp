#include "request.h"

#include "engine.h"

namespace gcv {

Request::Request(ov::InferRequest request, std::size_t inputs, const std::vector<TensorInfo>& outputs,
                 const std::string& path)
    : request_(std::move(request)), ports_(outputs), path_(path) {
  for (std::size_t i = 0; i < inputs; ++i) inputs_.push_back(request_.get_input_tensor(i));
}

void Request::resize(Size size) {
  ov::Tensor& input = inputs_[0];
  ov::Shape shape = input.get_shape();
  shape[2] = static_cast<std::size_t>(size.height);
  shape[3] = static_cast<std::size_t>(size.width);
  call_engine(path_, "OpenVINO cannot make room for a frame", [&] { input.set_shape(shape); });
}

void Request::infer() {
  call_engine(path_, "OpenVINO failed", [this] { request_.infer(); });
}

const Outputs& Request::outputs() {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].type != "float32") continue;
    const ov::Tensor tensor = request_.get_output_tensor(i);
    const ov::Shape& shape = tensor.get_shape();
    Output& output = outputs_[ports_[i].name];
    output.values = tensor.data<float>();
    output.shape.assign(shape.begin(), shape.end());
  }
  return outputs_;
}

const Outputs& Request::rows(std::size_t index) {
  const auto row = static_cast<std::int64_t>(index);
  for (const auto& [name, output] : outputs()) {
    if (output.rank() == 0 || row >= output.shape[0]) continue;
    Output& part = rows_[name];
    part.shape.assign(output.shape.begin() + 1, output.shape.end());
    part.values = output.values == nullptr ? nullptr : output.values + row * part.count();
  }
  return rows_;
}

}  // namespace gcv
