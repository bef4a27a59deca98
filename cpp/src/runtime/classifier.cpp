#include "gcv_edge/classifier.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

void Classifier::decode(const FrameOutputs& found, Classification& result) const {
  result = decode_classification(found.outputs, metadata().activation, std::move(result));
  result.labels = labels();
}

template class Model<Classification>;

}  // namespace gcv
