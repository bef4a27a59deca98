#include "gcv_edge/regressor.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

void Regressor::decode(const FrameOutputs& found, Regression& result) const {
  result = decode_regression(found.outputs, std::move(result));
  result.labels = labels();
}

template class Model<Regression>;

}  // namespace gcv
