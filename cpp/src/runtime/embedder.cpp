#include "gcv_edge/embedder.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

Embedding Embedder::decode(const FrameOutputs& found) const { return decode_embedding(found.outputs); }

template class Model<Embedding>;

}  // namespace gcv
