#include "gcv_edge/regressor.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

Regression Regressor::decode(const FrameOutputs& found) const {
  Regression result = decode_regression(found.outputs);
  result.labels = labels();
  return result;
}

template class Model<Regression>;

}  // namespace gcv
