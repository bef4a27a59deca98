#pragma once

#include <memory>
#include <string>

#include "gcv_edge/export.h"
#include "gcv_edge/instance_masks.h"
#include "gcv_edge/model.h"

namespace gcv {

extern template class Model<InstanceMasks>;

/// Finds objects and their pixels: InstanceSegmenter("mask_rcnn.onnx").run(frame).crop(0).
class GCV_EDGE_API InstanceSegmenter : public Model<InstanceMasks> {
 public:
  explicit InstanceSegmenter(const ModelSource& model, const Options& options = {});

  /// Scores must be over it; at first the file's own.
  float confidence() const { return confidence_; }

  /// As Detector::set_confidence().
  void set_confidence(float confidence);

 private:
  void decode(const FrameOutputs& found, InstanceMasks& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<InstanceSegmenter>(*this); }

  float confidence_;
};

}  // namespace gcv
