#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gcv_edge/error.h"
#include "gcv_edge/export.h"
#include "gcv_edge/labels.h"
#include "gcv_edge/model_metadata.h"
#include "gcv_edge/model_source.h"
#include "gcv_edge/options.h"
#include "gcv_edge/tensor.h"

namespace gcv {

class NetworkState;

/// A model file opened in the inference engine; the base of Detector and its siblings.
///
/// A value: copies share the compiled network. Any number of threads may run one at once.
/// Opening throws NotFoundError where there is no such file; FormatError where it cannot be read, is no model, damaged
/// or for another task; MetadataError where it does not say what the runtime needs to know; UnsupportedError for a
/// device or a precision that is not there; ArgumentError for impossible options; EngineError and MemoryError where the
/// engine fails.
///
/// A process that was forked after the opening can destroy a network but not run it, which throws ForkError.
/// What was moved from can be destroyed and assigned to, and nothing else.
class GCV_EDGE_API Network {
 public:
  /// The file, or the name that was given for bytes.
  const std::string& path() const;
  const ModelMetadata& metadata() const;
  /// All that the file says of itself, as strings.
  const Metadata& entries() const;

  const Labels& labels() const { return metadata().labels; }

  /// The engine's name and version: "openvino 2026.4.1".
  const std::string& engine() const;

  /// What float operations are computed in: "f32" or "bf16".
  const std::string& precision() const;

  /// Frames that the engine computes side by side.
  int streams() const;

  const std::vector<TensorInfo>& inputs() const;
  const std::vector<TensorInfo>& outputs() const;

 protected:
  Network(const ModelSource& model, Task task, const Options& options);
  Network(const Network&) = default;
  Network(Network&&) = default;
  Network& operator=(const Network&) = default;
  Network& operator=(Network&&) = default;
  ~Network() = default;

  NetworkState& state() const { return *state_; }

 private:
  std::shared_ptr<NetworkState> state_;
};

}  // namespace gcv
