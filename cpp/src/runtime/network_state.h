#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "gcv_edge/model_metadata.h"
#include "gcv_edge/options.h"
#include "session.h"

namespace gcv {

/// What the copies of a network share.
class NetworkState {
 public:
  NetworkState(const std::string& path, Task task, const Options& options);

  const std::string& path() const { return path_; }
  const ModelMetadata& metadata() const { return metadata_; }

  /// The network at the file's own batch, or 1.
  Session& session() const { return *session_; }

  /// The network that takes so many frames, or the file's own where its batch is fixed.
  std::shared_ptr<Session> session_for(std::int64_t frames);

  /// Width and height of the input; where each frame has its own, of one of 4:3.
  Size input_size() const;

 private:
  std::string path_;
  Options options_;
  ModelMetadata metadata_;
  std::shared_ptr<Session> session_;
  std::mutex mutex_;
  std::list<std::pair<std::int64_t, std::shared_ptr<Session>>> batches_;  ///< the last used first
};

/// Throws NotFoundError unless there is a file at a path.
std::string check_file(const std::string& path);

/// Check that graph and metadata belong together. Throws FormatError and MetadataError.
void check_graph(const std::string& path, const ModelMetadata& metadata, const Session& session);

}  // namespace gcv
