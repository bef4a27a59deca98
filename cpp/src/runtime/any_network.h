#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gcv_edge/image.h"
#include "gcv_edge/network.h"
#include "gcv_edge/tensor.h"
#include "named_arrays.h"

namespace gcv {

/// A network for any task; what a task cannot do throws UnsupportedError.
class AnyNetwork {
 public:
  virtual ~AnyNetwork() = default;

  virtual const Network& network() const = 0;
  virtual NamedArrays run(const ImageView& frame) const;
  virtual std::vector<NamedArrays> run_batch(const std::vector<ImageView>& frames) const;
  virtual NamedArrays run_boxes(const ImageView& frame, const std::vector<std::array<float, 4>>& boxes) const;
  virtual NamedArrays run_video(const std::vector<ImageView>& frames) const;
  virtual NamedArrays run_tensors(const std::map<std::string, Tensor>& inputs) const;
  virtual void set_confidence(float confidence);
  virtual void set_nms(float iou_threshold, int nms_topk, int post_nms);

 protected:
  [[noreturn]] void refuse(const char* what) const;
};

/// Open a network with the class for its task.
std::unique_ptr<AnyNetwork> open_network(const ModelSource& model, const Options& options);

}  // namespace gcv
