#pragma once

#include <memory>
#include <string>

#include "gcv_edge/embedding.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<Embedding>;

/// Turns pictures into vectors: Embedder("reid.onnx").run(a).similarity(embedder.run(b)).
class GCV_EDGE_API Embedder : public Model<Embedding> {
 public:
  explicit Embedder(const ModelSource& model, const Options& options = {}) : Model(model, Task::embedding, options) {}

 private:
  void decode(const FrameOutputs& found, Embedding& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<Embedder>(*this); }
};

}  // namespace gcv
