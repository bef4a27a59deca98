#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "any_result.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/image.h"
#include "gcv_edge/network.h"
#include "gcv_edge/stream_options.h"
#include "gcv_edge/tensor.h"

namespace gcv {

/// A network for any task; what a task cannot do throws UnsupportedError.
class AnyNetwork {
 public:
  using Result = std::unique_ptr<AnyResult>;

  /// Takes a result of a stream; the frame is null where the result is of many.
  using Take = std::function<bool(const Frame* frame, Result result)>;

  virtual ~AnyNetwork() = default;

  virtual const Network& network() const = 0;
  virtual std::unique_ptr<AnyNetwork> clone() const = 0;
  virtual int segments() const { return 0; }
  virtual void warmup(int runs) const;
  virtual Result run(const ImageView& frame) const;
  virtual void run_into(const ImageView& frame, AnyResult& result) const;
  virtual Result run_outputs(const ImageView& frame) const;
  virtual std::vector<Result> run_batch(const std::vector<ImageView>& frames) const;
  virtual Result run_boxes(const ImageView& frame, const std::vector<std::array<float, 4>>& boxes) const;
  virtual Result run_video(const std::vector<ImageView>& frames) const;
  virtual Result run_tensors(const std::map<std::string, Tensor>& inputs) const;
  virtual StreamCounts stream(const FrameSource& read, const Take& take, const StreamOptions& options) const;
  virtual void set_confidence(float confidence);
  virtual void set_nms(float iou_threshold, int nms_topk, int post_nms);

 protected:
  [[noreturn]] void refuse(const char* what) const;
};

/// Open a network with the class for its task. `segments`: as ActionRecognizer's; others refuse all but 0.
std::unique_ptr<AnyNetwork> open_network(const ModelSource& model, const Options& options, int segments);

}  // namespace gcv
