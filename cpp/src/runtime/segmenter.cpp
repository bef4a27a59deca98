#include "gcv_edge/segmenter.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

Segmentation Segmenter::decode(const FrameOutputs& found) const {
  Segmentation result = decode_segmentation(found.outputs, found.geometry);
  result.labels = labels();
  return result;
}

template class Model<Segmentation>;

}  // namespace gcv
