#include "gcv_edge/segmenter.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

void Segmenter::decode(const FrameOutputs& found, Segmentation& result) const {
  result = decode_segmentation(found.outputs, found.geometry, std::move(result));
  result.labels = labels();
}

template class Model<Segmentation>;

}  // namespace gcv
