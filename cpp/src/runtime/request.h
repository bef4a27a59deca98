#pragma once

#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "gcv_edge/tensor.h"
#include "outputs.h"

namespace gcv {

/// Room for one inference: buffers that are written, computed upon and read by one thread at a time.
class Request {
 public:
  /// `outputs` and `path` must outlive it.
  Request(ov::InferRequest request, std::size_t inputs, const std::vector<TensorInfo>& outputs,
          const std::string& path);

  ov::Tensor& input(std::size_t index) { return inputs_[index]; }
  ov::Tensor output(std::size_t index) { return request_.get_output_tensor(index); }

  /// Give an input of open height and width a size; its memory grows to the largest.
  void resize(Size size);

  /// Throws EngineError and MemoryError.
  void infer();

  /// The float outputs as they lie in the request, or one frame's part of them; valid until the next of these calls.
  const Outputs& outputs();
  const Outputs& rows(std::size_t index);

  std::vector<FrameGeometry> geometries;  ///< of the frames that it holds

 private:
  ov::InferRequest request_;
  std::vector<ov::Tensor> inputs_;
  const std::vector<TensorInfo>& ports_;
  const std::string& path_;
  Outputs outputs_, rows_;
};

}  // namespace gcv
