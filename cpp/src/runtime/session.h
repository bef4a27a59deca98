#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine.h"
#include "gcv_edge/model_source.h"
#include "gcv_edge/options.h"
#include "gcv_edge/tensor.h"
#include "home_process.h"
#include "request_pool.h"
#include "thread_crew.h"

namespace gcv {

/// A network loaded into an engine; any number of threads may use it at once. In a process that was forked since, it
/// throws ForkError, and its end leaves the engine as it is.
class Session {
 public:
  /// Load a file with checked options; `batch` is the frames per inference of a file exported with a dynamic batch, 0
  /// for the file's own or 1. Throws FormatError for a file that the engine cannot read, EngineError where it cannot
  /// run it.
  Session(const ModelSource& source, const Options& options, std::int64_t batch = 0,
          OpenLengths open = OpenLengths::none);

  const std::string& engine() const { return loaded_->network->engine; }
  const std::string& precision() const { return loaded_->network->precision; }
  const std::vector<TensorInfo>& inputs() const { return loaded_->network->inputs; }
  const std::vector<TensorInfo>& outputs() const { return loaded_->network->outputs; }
  const std::vector<std::int64_t>& input_shape() const { return inputs()[0].shape; }
  std::int64_t batch() const { return input_shape()[0]; }
  int streams() const { return loaded_->network->streams; }
  bool has_dynamic_batch() const { return loaded_->network->has_dynamic_batch; }
  const HomeProcess& home() const { return loaded_.home(); }

  /// Threads for what comes before and after an inference, where one inference has several to itself; else null.
  Crew* crew() { return loaded_->crew.get(); }

  /// A request lent to the calling thread.
  class Lease {
   public:
    explicit Lease(Session& session) : pool_(session.pool()), request_(pool_.take()) {}
    ~Lease() { pool_.give_back(std::move(request_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Request& operator*() { return *request_; }
    Request* operator->() { return request_.get(); }

   private:
    RequestPool& pool_;
    std::unique_ptr<Request> request_;
  };

 private:
  /// What has threads behind it.
  struct Loaded {
    std::unique_ptr<EngineNetwork> network;
    std::unique_ptr<ThreadCrew> crew;
    std::unique_ptr<RequestPool> pool;
  };

  RequestPool& pool();

  std::string path_;
  HomeBound<Loaded> loaded_;
};

}  // namespace gcv
