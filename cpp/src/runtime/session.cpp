#include "session.h"

#include <algorithm>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

/// What memory can feed: more threads make resizing no faster.
constexpr int kLargestCrew = 4;

}  // namespace

void Request::resize(Size size) {
  ov::Tensor input = request_.get_input_tensor(0);
  ov::Shape shape = input.get_shape();
  shape[2] = static_cast<std::size_t>(size.height);
  shape[3] = static_cast<std::size_t>(size.width);
  input.set_shape(shape);
}

void Request::infer() {
  try {
    request_.infer();
  } catch (const std::exception& error) {
    throw EngineError(path_ + ": OpenVINO failed: " + one_line(error));
  }
}

Outputs Request::outputs() {
  Outputs found;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].type != "float32") continue;
    const ov::Tensor tensor = request_.get_output_tensor(i);
    const ov::Shape& shape = tensor.get_shape();
    found[outputs_[i].name] = {tensor.data<float>(), {shape.begin(), shape.end()}};
  }
  return found;
}

Session::Session(const std::string& path, const Options& options, std::int64_t batch, OpenLengths open) : path_(path) {
  const std::shared_ptr<ov::Model> model = read_model(path);
  if (model->inputs().empty()) throw FormatError(path, "found 0 inputs, expected 1");
  const ov::PartialShape shape = model->input(0).get_partial_shape();
  dynamic_batch_ = shape.rank().is_static() && shape.size() > 0 && shape[0].is_dynamic();
  const PortNames names = list_names(*model);
  fix_shapes(*model, path, batch, open);
  compiled_ = compile_model(model, path, options);
  engine_ = engine_name();
  precision_ = compiled_.get_property(ov::hint::inference_precision).get_type_name();
  inputs_ = describe_ports(compiled_.inputs(), names.inputs);
  outputs_ = describe_ports(compiled_.outputs(), names.outputs);
  streams_ = static_cast<int>(compiled_.get_property(ov::optimal_number_of_infer_requests));
  const int threads = std::min(compiled_.get_property(ov::inference_num_threads), kLargestCrew);
  if (streams_ == 1 && threads > 1) crew_ = std::make_unique<ThreadCrew>(threads - 1);
}

std::unique_ptr<Request> Session::take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Request> request = std::move(idle_.back());
      idle_.pop_back();
      return request;
    }
    idle_.reserve(++lent_);  // giving back must not fail
  }
  return std::make_unique<Request>(compiled_.create_infer_request(), outputs_, path_);
}

void Session::give_back(std::unique_ptr<Request> request) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(request));
}

}  // namespace gcv
