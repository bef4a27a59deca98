#include "gcv_edge/network.h"

#include <sys/stat.h>

#include <algorithm>

#include "gcv_edge/error.h"
#include "network_state.h"

namespace gcv {
namespace {

/// Networks compiled for other batch sizes that are kept at most.
constexpr std::size_t kKeptBatchSizes = 3;

ModelMetadata read_file(const std::string& path, Task task) {
  ModelMetadata found = parse_metadata(read_metadata(check_file(path)), path);
  if (found.task != task) {
    throw FormatError(path, std::string("found a ") + task_name(found.task) + " network, expected " + task_name(task) +
                                ": use " + class_for(found.task));
  }
  return found;
}

OpenLengths open_lengths(const Preprocessing& preprocessing) {
  return preprocessing.has_own_sizes() ? OpenLengths::height_and_width : OpenLengths::none;
}

}  // namespace

std::string check_file(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) throw NotFoundError(path + ": no such file");
  if (S_ISDIR(status.st_mode)) throw NotFoundError(path + ": no such file, found a folder, expected an .onnx file");
  return path;
}

NetworkState::NetworkState(const std::string& path, Task task, const Options& options)
    : path_(path),
      options_(options),
      metadata_(read_file(path, task)),
      session_(std::make_shared<Session>(path, options, 0, open_lengths(metadata_.preprocessing))) {
  check_graph(path_, metadata_, *session_);
}

std::shared_ptr<Session> NetworkState::session_for(std::int64_t frames) {
  if (frames == session_->batch() || !session_->has_dynamic_batch()) return session_;
  const std::scoped_lock lock(mutex_);
  const auto found =
      std::find_if(batches_.begin(), batches_.end(), [frames](const auto& entry) { return entry.first == frames; });
  if (found != batches_.end()) {
    batches_.splice(batches_.begin(), batches_, found);
  } else {
    batches_.emplace_front(frames, std::make_shared<Session>(path_, options_, frames));
  }
  if (batches_.size() > kKeptBatchSizes) batches_.pop_back();
  return batches_.front().second;
}

Size NetworkState::input_size() const {
  if (metadata_.preprocessing.has_own_sizes()) return metadata_.preprocessing.usual_size();
  const std::vector<std::int64_t>& shape = session_->input_shape();
  return {static_cast<int>(shape[shape.size() - 1]), static_cast<int>(shape[shape.size() - 2])};
}

Network::Network(const std::string& path, Task task, const Options& options)
    : state_(std::make_shared<NetworkState>(path, task, options)) {}

const std::string& Network::path() const { return state_->path(); }
const ModelMetadata& Network::metadata() const { return state_->metadata(); }
const std::string& Network::engine() const { return state_->session().engine(); }
const std::string& Network::precision() const { return state_->session().precision(); }
int Network::streams() const { return state_->session().streams(); }
const std::vector<TensorInfo>& Network::inputs() const { return state_->session().inputs(); }
const std::vector<TensorInfo>& Network::outputs() const { return state_->session().outputs(); }

}  // namespace gcv
