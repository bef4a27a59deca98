#include "request.h"

namespace gcv {

const Outputs& Request::outputs() {
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    if (ports_[i].type != "float32") continue;
    const EngineTensor& tensor = request_->output(i);
    Output& output = outputs_[ports_[i].name];
    output.values = static_cast<const float*>(tensor.data);
    output.shape.assign(tensor.shape.begin(), tensor.shape.end());
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
