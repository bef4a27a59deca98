#include "gcv_edge/image_translator.h"

#include "decoding.h"
#include "model_run.h"

namespace gcv {

void ImageTranslator::decode(const FrameOutputs& found, Picture& result) const {
  const bool is_rgb = metadata().preprocessing.normalization.reverse_channels;
  result = decode_picture(found.outputs, found.geometry, metadata().image, is_rgb, std::move(result));
}

template class Model<Picture>;

}  // namespace gcv
