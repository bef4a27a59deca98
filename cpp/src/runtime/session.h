#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "engine.h"
#include "gcv_edge/options.h"
#include "gcv_edge/tensor.h"
#include "outputs.h"
#include "thread_crew.h"

namespace gcv {

/// Room for one inference: buffers that are written, computed upon and read by one thread at a time.
class Request {
 public:
  Request(ov::InferRequest request, const std::vector<TensorInfo>& outputs, const std::string& path)
      : request_(std::move(request)), outputs_(outputs), path_(path) {}

  ov::Tensor input(std::size_t index) { return request_.get_input_tensor(index); }
  ov::Tensor output(std::size_t index) { return request_.get_output_tensor(index); }

  /// Give an input of open height and width a size; its memory grows to the largest.
  void resize(Size size);

  /// Throws EngineError.
  void infer();

  /// The float outputs as they lie in the request, valid until its next use.
  Outputs outputs();

 private:
  ov::InferRequest request_;
  const std::vector<TensorInfo>& outputs_;
  const std::string& path_;
};

/// A network loaded into OpenVINO; any number of threads may use it at once.
class Session {
 public:
  /// Load a file; `batch` is the frames per inference of a file exported with a dynamic batch, 0 for the file's own
  /// or 1. Throws FormatError where the engine cannot load it, UnsupportedError for a precision that the CPU does not
  /// have.
  Session(const std::string& path, const Options& options, std::int64_t batch = 0,
          OpenLengths open = OpenLengths::none);

  const std::string& engine() const { return engine_; }
  const std::string& precision() const { return precision_; }
  const std::vector<TensorInfo>& inputs() const { return inputs_; }
  const std::vector<TensorInfo>& outputs() const { return outputs_; }
  const std::vector<std::int64_t>& input_shape() const { return inputs_[0].shape; }
  std::int64_t batch() const { return inputs_[0].shape[0]; }
  int streams() const { return streams_; }
  bool has_dynamic_batch() const { return dynamic_batch_; }

  /// Threads for what comes before and after an inference, where one inference has several to itself; else null.
  Crew* crew() { return crew_.get(); }

  /// A request lent to the calling thread; there are as many as threads that ever ran at once.
  class Lease {
   public:
    explicit Lease(Session& session) : session_(session), request_(session.take()) {}
    ~Lease() { session_.give_back(std::move(request_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Request* operator->() { return request_.get(); }

   private:
    Session& session_;
    std::unique_ptr<Request> request_;
  };

 private:
  std::unique_ptr<Request> take();
  void give_back(std::unique_ptr<Request> request);

  std::string path_, engine_, precision_;
  ov::CompiledModel compiled_;
  std::vector<TensorInfo> inputs_, outputs_;
  int streams_ = 1;
  bool dynamic_batch_ = false;
  std::unique_ptr<ThreadCrew> crew_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Request>> idle_;
  std::size_t lent_ = 0;  ///< requests ever made
};

}  // namespace gcv
