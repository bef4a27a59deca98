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

template <typename R>
std::unique_ptr<AnyResult> wrap(R result) {
  return std::make_unique<TypedResult<R>>(std::move(result));
}

/// `Own` is the class itself; `R` what its runs give.
template <typename Own, typename T, typename R>
class FrameNetwork : public AnyNetwork {
 public:
  const Network& network() const override { return model_; }
  std::unique_ptr<AnyNetwork> clone() const override { return std::make_unique<Own>(static_cast<const Own&>(*this)); }
  void warmup(int runs) const override { model_.warmup(runs); }
  Result run(const ImageView& frame) const override { return wrap(model_.run(frame)); }

  void run_into(const ImageView& frame, AnyResult& result) const override {
    auto* const own = dynamic_cast<TypedResult<R>*>(&result);
    if (own == nullptr) throw ArgumentError("result: found one of another task, expected one of this network");
    try {
      model_.run_into(frame, own->value);
    } catch (...) {
      own->value = {};  // the arrays must not be those of what is gone
      own->describe();
      throw;
    }
    own->describe();
  }

  Result run_outputs(const ImageView& frame) const override {
    R decoded;
    Tensors outputs;
    model_.run_into(frame, decoded, &outputs);
    return wrap(std::move(outputs));
  }

  std::vector<Result> run_batch(const std::vector<ImageView>& frames) const override {
    std::vector<Result> results;
    for (R& result : model_.run_batch(frames)) results.push_back(wrap(std::move(result)));
    return results;
  }

  StreamCounts stream(const FrameSource& read, const Take& take, const StreamOptions& options) const override {
    const auto take_one = [&take](const Frame& frame, R&& result) { return take(&frame, wrap(std::move(result))); };
    return model_.stream(read, take_one, options);
  }

 protected:
  T& model() { return model_; }
  const T& model() const { return model_; }

 private:
  friend Own;
  FrameNetwork(const ModelSource& model, const Options& options) : model_(model, options) {}

  T model_;
};

/// One that can do nothing else.
template <typename T, typename R>
class PlainNetwork : public FrameNetwork<PlainNetwork<T, R>, T, R> {
 public:
  PlainNetwork(const ModelSource& model, const Options& options) : FrameNetwork<PlainNetwork, T, R>(model, options) {}
};

class AnyDetector : public FrameNetwork<AnyDetector, Detector, Detections> {
 public:
  AnyDetector(const ModelSource& model, const Options& options) : FrameNetwork(model, options) {}
  void set_confidence(float confidence) override { model().set_confidence(confidence); }
  void set_nms(float iou_threshold, int nms_topk, int post_nms) override {
    model().set_nms(iou_threshold, nms_topk, post_nms);
  }
};

class AnyInstanceSegmenter : public FrameNetwork<AnyInstanceSegmenter, InstanceSegmenter, InstanceMasks> {
 public:
  AnyInstanceSegmenter(const ModelSource& model, const Options& options) : FrameNetwork(model, options) {}
  void set_confidence(float confidence) override { model().set_confidence(confidence); }
};

class AnyPoseEstimator : public FrameNetwork<AnyPoseEstimator, PoseEstimator, Poses> {
 public:
  AnyPoseEstimator(const ModelSource& model, const Options& options) : FrameNetwork(model, options) {}
  Result run_boxes(const ImageView& frame, const std::vector<std::array<float, 4>>& boxes) const override {
    return wrap(model().run(frame, boxes));
  }
};

class AnyActionRecognizer : public AnyNetwork {
 public:
  AnyActionRecognizer(const ModelSource& model, const Options& options, int segments)
      : model_(model, options, segments) {}
  const Network& network() const override { return model_; }
  std::unique_ptr<AnyNetwork> clone() const override { return std::make_unique<AnyActionRecognizer>(*this); }
  int segments() const override { return model_.segments(); }
  Result run_video(const std::vector<ImageView>& frames) const override { return wrap(model_.run(frames)); }

  StreamCounts stream(const FrameSource& read, const Take& take, const StreamOptions& options) const override {
    const auto take_one = [&take](Classification&& result) { return take(nullptr, wrap(std::move(result))); };
    return model_.stream(read, take_one, options);
  }

 private:
  ActionRecognizer model_;
};

class AnyTensorNetwork : public AnyNetwork {
 public:
  AnyTensorNetwork(const ModelSource& model, const Options& options) : model_(model, options) {}
  const Network& network() const override { return model_; }
  std::unique_ptr<AnyNetwork> clone() const override { return std::make_unique<AnyTensorNetwork>(*this); }
  Result run_tensors(const std::map<std::string, Tensor>& inputs) const override { return wrap(model_.run(inputs)); }

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
      return make<PlainNetwork<Classifier, Classification>>;
    case Task::detection:
      return make<AnyDetector>;
    case Task::segmentation:
      return make<PlainNetwork<Segmenter, Segmentation>>;
    case Task::pose:
      return make<AnyPoseEstimator>;
    case Task::instance_segmentation:
      return make<AnyInstanceSegmenter>;
    case Task::embedding:
      return make<PlainNetwork<Embedder, Embedding>>;
    case Task::regression:
      return make<PlainNetwork<Regressor, Regression>>;
    case Task::depth:
      return make<PlainNetwork<DepthEstimator, DepthMap>>;
    case Task::image_to_image:
      return make<PlainNetwork<ImageTranslator, Picture>>;
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

void AnyNetwork::warmup(int /*runs*/) const { refuse("warming up"); }

AnyNetwork::Result AnyNetwork::run(const ImageView& /*frame*/) const { refuse("running on a frame"); }

void AnyNetwork::run_into(const ImageView& /*frame*/, AnyResult& /*result*/) const { refuse("running on a frame"); }

AnyNetwork::Result AnyNetwork::run_outputs(const ImageView& /*frame*/) const { refuse("running on a frame"); }

std::vector<AnyNetwork::Result> AnyNetwork::run_batch(const std::vector<ImageView>& /*frames*/) const {
  refuse("running on frames");
}

AnyNetwork::Result AnyNetwork::run_boxes(const ImageView& /*frame*/,
                                         const std::vector<std::array<float, 4>>& /*boxes*/) const {
  refuse("running on boxes");
}

AnyNetwork::Result AnyNetwork::run_video(const std::vector<ImageView>& /*frames*/) const {
  refuse("running on a video");
}

AnyNetwork::Result AnyNetwork::run_tensors(const std::map<std::string, Tensor>& /*inputs*/) const {
  refuse("running on tensors");
}

StreamCounts AnyNetwork::stream(const FrameSource& /*read*/, const Take& /*take*/,
                                const StreamOptions& /*options*/) const {
  refuse("a stream");
}

void AnyNetwork::set_confidence(float /*confidence*/) { refuse("a confidence"); }

void AnyNetwork::set_nms(float /*iou_threshold*/, int /*nms_topk*/, int /*post_nms*/) { refuse("set_nms"); }

std::unique_ptr<AnyNetwork> open_network(const ModelSource& model, const Options& options, int segments) {
  const Task task = parse_metadata(read_entries(model), model.name()).task;
  if (task == Task::action) return std::make_unique<AnyActionRecognizer>(model, options, segments);
  if (segments != 0) {
    throw ArgumentError("segments: found " + std::to_string(segments) + ", expected 0 for a network for " +
                        task_name(task));
  }
  return maker_for(task)(model, options);
}

}  // namespace gcv
