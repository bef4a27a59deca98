#include "gcv_edge/pose_estimator.h"

#include <algorithm>
#include <cmath>

#include "decoding.h"
#include "model_run.h"

namespace gcv {
namespace {

using Box = std::array<float, 4>;

/// A box is widened by it before it is looked at, as in training.
constexpr float kBoxMargin = 1.25f;

void check_box(const Box& box) {
  const bool is_finite = std::all_of(box.begin(), box.end(), [](float value) { return std::isfinite(value); });
  if (is_finite && box[0] < box[2] && box[1] < box[3]) return;
  std::string found;
  for (const float value : box) found += (found.empty() ? "[" : ", ") + std::to_string(value);
  throw ArgumentError("boxes: found " + found + "], expected finite x1 < x2 and y1 < y2");
}

/// Widen a box to the input's aspect ratio and by the margin, keeping its centre (_box_to_center_scale in
/// gluoncv/data/transforms/presets/simple_pose.py, get_affine_transform in data/transforms/pose.py). Rounds to floats
/// where GluonCV does, so that the very pixels are the same.
RectF grow_box(const Box& box, Size input) {
  const double x1 = box[0], y1 = box[1], x2 = box[2], y2 = box[3];
  const double aspect = static_cast<double>(input.width) / input.height;
  const auto x = static_cast<float>(x1 + (x2 - x1) * 0.5), y = static_cast<float>(y1 + (y2 - y1) * 0.5);
  const float wide = static_cast<float>(std::max(x2 - x1, (y2 - y1) * aspect)) * kBoxMargin;
  const float half_height = y - (y - wide * 0.5f);
  const float half_width = x - (x - half_height);
  const double step_x = half_width / (input.width / 2.0), step_y = half_height / (input.width / 2.0);
  const double width = input.width * step_x, height = input.height * step_y;
  return {x - width / 2, y - height / 2, width, height};
}

/// Shift a crop so that sampling by the half-pixel rule reads where GluonCV's warpAffine reads.
RectF sample_source(const RectF& crop, Size input, Interpolation interpolation) {
  if (interpolation == Interpolation::warp) return crop;
  const double step_x = crop.width / input.width, step_y = crop.height / input.height;
  return {crop.x + (1 - step_x) / 2, crop.y + (1 - step_y) / 2, crop.width, crop.height};
}

/// Fill an input with what is seen of a person; return where key points lie.
Placement show(const ImageView& frame, const Box& box, const Preprocessing& preprocessing, const InputSlice& slice) {
  const Size size = slice.size();
  if (preprocessing.box_rule == BoxRule::cropped) {
    const Rect crop = crop_box(box, {frame.width, frame.height});
    sample_crop(frame, preprocessing, crop, slice);
    return place_crop(crop, size);
  }
  const Rect whole{0, 0, size.width, size.height};
  const RectF grown = grow_box(box, size);
  sample(frame, preprocessing, {sample_source(grown, size, preprocessing.interpolation), whole}, slice);
  return {grown, whole};
}

void append(Poses& poses, const Poses& one) {
  poses.keypoints.insert(poses.keypoints.end(), one.keypoints.begin(), one.keypoints.end());
  poses.scores.insert(poses.scores.end(), one.scores.begin(), one.scores.end());
  poses.speed.preprocess_ms += one.speed.preprocess_ms;
  poses.speed.inference_ms += one.speed.inference_ms;
  poses.speed.postprocess_ms += one.speed.postprocess_ms;
}

}  // namespace

Poses PoseEstimator::run(const ImageView& frame, const std::vector<Box>& boxes) const {
  check_image(frame);
  for (const Box& box : boxes) check_box(box);
  Poses all;
  all.joints = static_cast<std::size_t>(std::max<std::int64_t>(outputs()[0].shape[1], 0));
  all.boxes = boxes;
  all.labels = labels();
  for (const Box& box : boxes) append(all, run_box(frame, box));
  return all;
}

Poses PoseEstimator::run_box(const ImageView& frame, const Box& box) const {
  Stopwatch watch;
  Session::Lease request(state().session());
  const InputSlice slice{request->input(0)};
  const Placement placement = show(frame, box, metadata().preprocessing, slice);
  watch.end_preprocess();
  request->infer();
  watch.end_inference();
  Poses found = decode_poses(request->rows(0), {placement, slice.size(), {frame.width, frame.height}, frame.format});
  found.speed = watch.end_frame();
  return found;
}

void PoseEstimator::decode(const FrameOutputs& found, Poses& result) const {
  result = decode_poses(found.outputs, found.geometry, std::move(result));
  result.labels = labels();
}

template class Model<Poses>;

}  // namespace gcv
