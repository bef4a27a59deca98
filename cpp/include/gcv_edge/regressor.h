#pragma once

#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/regression.h"

namespace gcv {

extern template class Model<Regression>;

/// Measures something in a frame: Regressor("age.onnx").run(frame).values[0].
class GCV_EDGE_API Regressor : public Model<Regression> {
 public:
  explicit Regressor(const std::string& path, const Options& options = {}) : Model(path, Task::regression, options) {}

 private:
  Regression decode(const FrameOutputs& found) const override;
};

}  // namespace gcv
