#pragma once

#include <string>

#include "gcv_edge/embedding.h"
#include "gcv_edge/export.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<Embedding>;

/// Turns pictures into vectors: Embedder("reid.onnx").run(a).similarity(embedder.run(b)).
class GCV_EDGE_API Embedder : public Model<Embedding> {
 public:
  explicit Embedder(const std::string& path, const Options& options = {}) : Model(path, Task::embedding, options) {}

 private:
  Embedding decode(const FrameOutputs& found) const override;
};

}  // namespace gcv
