#include "gcv_edge/classifier.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

Classification Classifier::decode(const FrameOutputs& found) const {
  Classification result = decode_classification(found.outputs, metadata().activation);
  result.labels = labels();
  return result;
}

template class Model<Classification>;

}  // namespace gcv
