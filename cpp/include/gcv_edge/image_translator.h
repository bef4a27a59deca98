#pragma once

#include <memory>
#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/picture.h"

namespace gcv {

extern template class Model<Picture>;

/// Makes a picture of a picture: ImageTranslator("srgan.onnx").run(frame).pixels.
class GCV_EDGE_API ImageTranslator : public Model<Picture> {
 public:
  explicit ImageTranslator(const ModelSource& model, const Options& options = {})
      : Model(model, Task::image_to_image, options) {}

 private:
  void decode(const FrameOutputs& found, Picture& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<ImageTranslator>(*this); }
};

}  // namespace gcv
