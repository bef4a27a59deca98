#include "any_network.h"

#include <utility>

#include "gcv_edge/action_recognizer.h"
#include "gcv_edge/classifier.h"
#include "gcv_edge/depth_estimator.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/embedder.h"
#include "gcv_edge/error.h"
#include "gcv_edge/image_translator.h"
#include "gcv_edge/instance_segmenter.h"
#include "gcv_edge/pose_estimator.h"
#include "gcv_edge/regressor.h"
#include "gcv_edge/segmenter.h"
#include "gcv_edge/tensor_network.h"
#include "network_state.h"
#include "result_arrays.h"

namespace gcv {
namespace {

template <typename T>
class FrameNetwork : public AnyNetwork {
 public:
  FrameNetwork(const ModelSource& model, const Options& options) : model_(model, options) {}

  const Network& network() const override { return model_; }
  NamedArrays run(const ImageView& frame) const override { return to_arrays(model_.run(frame)); }

  std::vector<NamedArrays> run_batch(const std::vector<ImageView>& frames) const override {
    std::vector<NamedArrays> results;
    for (auto& result : model_.run_batch(frames)) results.push_back(to_arrays(std::move(result)));
    return results;
  }

 protected:
  T& model() { return model_; }
  const T& model() const { return model_; }

 private:
  T model_;
};

class AnyDetector : public FrameNetwork<Detector> {
 public:
  using FrameNetwork::FrameNetwork;
  void set_confidence(float confidence) override { model().set_confidence(confidence); }
  void set_nms(float iou_threshold, int nms_topk, int post_nms) override {
    model().set_nms(iou_threshold, nms_topk, post_nms);
  }
};

class AnyInstanceSegmenter : public FrameNetwork<InstanceSegmenter> {
 public:
  using FrameNetwork::FrameNetwork;
  void set_confidence(float confidence) override { model().set_confidence(confidence); }
};

class AnyPoseEstimator : public FrameNetwork<PoseEstimator> {
 public:
  using FrameNetwork::FrameNetwork;
  NamedArrays run_boxes(const ImageView& frame, const std::vector<std::array<float, 4>>& boxes) const override {
    return to_arrays(model().run(frame, boxes));
  }
};

class AnyActionRecognizer : public AnyNetwork {
 public:
  AnyActionRecognizer(const ModelSource& model, const Options& options) : model_(model, options) {}
  const Network& network() const override { return model_; }
  NamedArrays run_video(const std::vector<ImageView>& frames) const override { return to_arrays(model_.run(frames)); }

 private:
  ActionRecognizer model_;
};

class AnyTensorNetwork : public AnyNetwork {
 public:
  AnyTensorNetwork(const ModelSource& model, const Options& options) : model_(model, options) {}
  const Network& network() const override { return model_; }
  NamedArrays run_tensors(const std::map<std::string, Tensor>& inputs) const override {
    return to_arrays(model_.run(inputs));
  }

 private:
  TensorNetwork model_;
};

template <typename T>
std::unique_ptr<AnyNetwork> make(const ModelSource& model, const Options& options) {
  return std::make_unique<T>(model, options);
}

auto maker_for(Task task) {
  switch (task) {
    case Task::classification:
      return make<FrameNetwork<Classifier>>;
    case Task::detection:
      return make<AnyDetector>;
    case Task::segmentation:
      return make<FrameNetwork<Segmenter>>;
    case Task::pose:
      return make<AnyPoseEstimator>;
    case Task::instance_segmentation:
      return make<AnyInstanceSegmenter>;
    case Task::action:
      return make<AnyActionRecognizer>;
    case Task::embedding:
      return make<FrameNetwork<Embedder>>;
    case Task::regression:
      return make<FrameNetwork<Regressor>>;
    case Task::depth:
      return make<FrameNetwork<DepthEstimator>>;
    case Task::image_to_image:
      return make<FrameNetwork<ImageTranslator>>;
    default:
      return make<AnyTensorNetwork>;
  }
}

}  // namespace

void AnyNetwork::refuse(const char* what) const {
  const Network& own = network();
  throw UnsupportedError(own.path() + ": " + what + " is not supported by a network for " +
                         task_name(own.metadata().task));
}

NamedArrays AnyNetwork::run(const ImageView& /*frame*/) const { refuse("running on a frame"); }

std::vector<NamedArrays> AnyNetwork::run_batch(const std::vector<ImageView>& /*frames*/) const {
  refuse("running on frames");
}

NamedArrays AnyNetwork::run_boxes(const ImageView& /*frame*/,
                                  const std::vector<std::array<float, 4>>& /*boxes*/) const {
  refuse("running on boxes");
}

NamedArrays AnyNetwork::run_video(const std::vector<ImageView>& /*frames*/) const { refuse("running on a video"); }

NamedArrays AnyNetwork::run_tensors(const std::map<std::string, Tensor>& /*inputs*/) const {
  refuse("running on tensors");
}

void AnyNetwork::set_confidence(float /*confidence*/) { refuse("a confidence"); }

void AnyNetwork::set_nms(float /*iou_threshold*/, int /*nms_topk*/, int /*post_nms*/) { refuse("set_nms"); }

std::unique_ptr<AnyNetwork> open_network(const ModelSource& model, const Options& options) {
  return maker_for(parse_metadata(read_entries(model), model.name()).task)(model, options);
}

}  // namespace gcv
