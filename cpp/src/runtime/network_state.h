#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "gcv_edge/model_metadata.h"
#include "gcv_edge/model_source.h"
#include "gcv_edge/options.h"
#include "session.h"
#include "worker_pool.h"

namespace gcv {

/// What the copies of a network share.
class NetworkState {
 public:
  NetworkState(const ModelSource& source, Task task, const Options& options);

  const std::string& path() const { return source_.name(); }
  const Metadata& entries() const { return entries_; }
  const ModelMetadata& metadata() const { return metadata_; }

  /// The network at the file's own batch, or 1.
  Session& session() const { return *session_; }

  /// The network that takes so many frames, or the file's own where its batch is fixed.
  std::shared_ptr<Session> session_for(std::int64_t frames);

  /// Threads for what is run while the caller does something else.
  WorkerPool& workers();

  /// Width and height of the input; where each frame has its own, of one of 4:3.
  Size input_size() const;

 private:
  ModelSource source_;
  Metadata entries_;
  ModelMetadata metadata_;
  Options options_;  ///< what the caller left open is as the file was measured to run best
  std::shared_ptr<Session> session_;
  HomeBound<WorkerPool> workers_;
  std::mutex mutex_;
  std::list<std::pair<std::int64_t, std::shared_ptr<Session>>> batches_;  ///< the last used first
};

/// Read what a network says of itself. Throws NotFoundError where there is no file, and as read_metadata().
Metadata read_entries(const ModelSource& source);

/// Check that graph and metadata belong together. Throws FormatError and MetadataError.
void check_graph(const std::string& path, const ModelMetadata& metadata, const Session& session);

}  // namespace gcv
