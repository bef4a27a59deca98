#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "gcv_edge/export.h"
#include "gcv_edge/model.h"
#include "gcv_edge/poses.h"

namespace gcv {

extern template class Model<Poses>;

/// Finds the joints of people: PoseEstimator("simple_pose.onnx").run(frame, detections.boxes).
class GCV_EDGE_API PoseEstimator : public Model<Poses> {
 public:
  explicit PoseEstimator(const ModelSource& model, const Options& options = {}) : Model(model, Task::pose, options) {}

  using Model<Poses>::run;

  /// Run on the people in a frame. `boxes` are x1, y1, x2, y2 in pixels of the frame, one per person; each is grown to
  /// the input's aspect ratio, then by 1.25, as GluonCV's SimplePoseDefaultValTransform does; networks for alpha pose
  /// see crop_box() of it, as in AlphaPoseDefaultValTransform. Throws ArgumentError unless they are finite, x1 < x2 and
  /// y1 < y2.
  Poses run(const ImageView& frame, const std::vector<std::array<float, 4>>& boxes) const;

 private:
  void decode(const FrameOutputs& found, Poses& result) const override;
  std::shared_ptr<const Model> copy() const override { return std::make_shared<PoseEstimator>(*this); }
  GCV_EDGE_HIDDEN Poses run_box(const ImageView& frame, const std::array<float, 4>& box) const;
};

}  // namespace gcv
