#include "gcv_edge/embedder.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

void Embedder::decode(const FrameOutputs& found, Embedding& result) const {
  result = decode_embedding(found.outputs, std::move(result));
}

template class Model<Embedding>;

}  // namespace gcv
