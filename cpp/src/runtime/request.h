#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine.h"
#include "gcv_edge/tensor.h"
#include "outputs.h"

namespace gcv {

/// Room for one inference: buffers that are written, computed upon and read by one thread at a time.
class Request {
 public:
  /// `outputs` must outlive it.
  Request(std::unique_ptr<EngineRequest> request, const std::vector<TensorInfo>& outputs)
      : request_(std::move(request)), ports_(outputs) {}

  const EngineTensor& input(std::size_t index) const { return request_->input(index); }
  const EngineTensor& output(std::size_t index) { return request_->output(index); }

  /// Give an input of open height and width a size; its memory grows to the largest.
  void resize(Size size) { request_->resize(size); }

  /// Throws EngineError and MemoryError.
  void infer() { request_->infer(); }

  /// The float outputs as they lie in the request, or one frame's part of them; valid until the next of these calls.
  const Outputs& outputs();
  const Outputs& rows(std::size_t index);

  std::vector<FrameGeometry> geometries;  ///< of the frames that it holds

 private:
  std::unique_ptr<EngineRequest> request_;
  const std::vector<TensorInfo>& ports_;
  Outputs outputs_, rows_;
};

}  // namespace gcv
