#pragma once

#include <memory>
#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/regression.h"

namespace gcv {

extern template class Model<Regression>;

/// Measures something in a frame: Regressor("age.onnx").run(frame).values[0].
class GCV_EDGE_API Regressor : public Model<Regression> {
 public:
  explicit Regressor(const ModelSource& model, const Options& options = {}) : Model(model, Task::regression, options) {}

 private:
  void decode(const FrameOutputs& found, Regression& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<Regressor>(*this); }
};

}  // namespace gcv
