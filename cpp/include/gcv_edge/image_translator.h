#pragma once

#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/picture.h"

namespace gcv {

extern template class Model<Picture>;

/// Makes a picture of a picture: ImageTranslator("srgan.onnx").run(frame).pixels.
class GCV_EDGE_API ImageTranslator : public Model<Picture> {
 public:
  explicit ImageTranslator(const std::string& path, const Options& options = {})
      : Model(path, Task::image_to_image, options) {}

 private:
  Picture decode(const FrameOutputs& found) const override;
};

}  // namespace gcv
