#include "gcv_edge/network.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine.h"
#include "gcv_edge/error.h"
#include "network_state.h"

namespace gcv {
namespace {

/// Networks compiled for other batch sizes that are kept at most.
constexpr std::size_t kKeptBatchSizes = 3;

/// Throws unless there is something at a path that can be opened; a name that cannot be looked up is no missing file.
void check_file(const std::string& path) {
  if (path.find('\0') != std::string::npos) throw ArgumentError("path: found a zero byte in it");
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) throw NotFoundError(path + ": no such file");
    throw FormatError(path, "cannot be opened: " + std::generic_category().message(errno));
  }
  if (S_ISDIR(status.st_mode)) throw NotFoundError(path + ": no such file, found a folder, expected an .onnx file");
}

ModelMetadata parse_for(Task task, const Metadata& entries, const std::string& path) {
  ModelMetadata found = parse_metadata(entries, path);
  if (found.task != task) {
    throw FormatError(path, std::string("found a ") + task_name(found.task) + " network, expected " + task_name(task) +
                                ": use " + class_for(found.task));
  }
  return found;
}

OpenLengths open_lengths(const Preprocessing& preprocessing) {
  return preprocessing.has_own_sizes() ? OpenLengths::height_and_width : OpenLengths::none;
}

std::shared_ptr<Session> open_checked(const ModelSource& source, const Options& options, OpenLengths open) {
  check_common_options(options);
  find_engine(options).check(options);
  return std::make_shared<Session>(source, options, 0, open);
}

}  // namespace

Metadata read_entries(const ModelSource& source) {
  if (const auto& content = source.content()) return read_metadata(content->data(), content->size(), source.name());
  check_file(source.name());
  return read_metadata(source.name());
}

NetworkState::NetworkState(const ModelSource& source, Task task, const Options& options)
    : source_(source),
      entries_(read_entries(source)),
      metadata_(parse_for(task, entries_, source.name())),
      options_(find_engine(options).fill_in(options, metadata_.run)),
      session_(open_checked(source, options_, open_lengths(metadata_.preprocessing))),
      workers_(session_->streams() + 1) {
  check_graph(path(), metadata_, *session_);
  if (!session_->has_dynamic_batch()) source_ = ModelSource(path());  // its content is not needed any more
}

std::shared_ptr<Session> NetworkState::session_for(std::int64_t frames) {
  if (frames == session_->batch() || !session_->has_dynamic_batch()) return session_;
  session_->home().check("the network was opened", path());  // a lock may have been held when it was forked
  const std::scoped_lock lock(mutex_);
  const auto found =
      std::find_if(batches_.begin(), batches_.end(), [frames](const auto& entry) { return entry.first == frames; });
  if (found != batches_.end()) {
    batches_.splice(batches_.begin(), batches_, found);
  } else {
    batches_.emplace_front(frames, std::make_shared<Session>(source_, options_, frames));
  }
  if (batches_.size() > kKeptBatchSizes) batches_.pop_back();
  return batches_.front().second;
}

WorkerPool& NetworkState::workers() {
  session_->home().check("the network was opened", path());
  return *workers_;
}

Size NetworkState::input_size() const {
  if (metadata_.preprocessing.has_own_sizes()) return metadata_.preprocessing.usual_size();
  const std::vector<std::int64_t>& shape = session_->input_shape();
  return {static_cast<int>(shape[shape.size() - 1]), static_cast<int>(shape[shape.size() - 2])};
}

Network::Network(const ModelSource& model, Task task, const Options& options)
    : state_(std::make_shared<NetworkState>(model, task, options)) {}

const std::string& Network::path() const { return state_->path(); }
const Metadata& Network::entries() const { return state_->entries(); }
const ModelMetadata& Network::metadata() const { return state_->metadata(); }
const std::string& Network::engine() const { return state_->session().engine(); }
const std::string& Network::precision() const { return state_->session().precision(); }
int Network::streams() const { return state_->session().streams(); }
const std::vector<TensorInfo>& Network::inputs() const { return state_->session().inputs(); }
const std::vector<TensorInfo>& Network::outputs() const { return state_->session().outputs(); }

}  // namespace gcv
