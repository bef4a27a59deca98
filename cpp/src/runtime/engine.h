#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gcv_edge/image.h"
#include "gcv_edge/model_metadata.h"
#include "gcv_edge/model_source.h"
#include "gcv_edge/options.h"
#include "gcv_edge/tensor.h"

// What an inference engine is to the rest of the library, and what all of them have in common.
namespace gcv {

/// Numbers in an engine's memory, row after row.
struct EngineTensor {
  void* data = nullptr;
  std::vector<std::int64_t> shape;
  bool is_float = true;  ///< float32
  std::size_t byte_size = 0;
};

/// Room for one inference in an engine: used by one thread at a time.
class EngineRequest {
 public:
  EngineRequest() = default;
  virtual ~EngineRequest() = default;
  EngineRequest(const EngineRequest&) = delete;
  EngineRequest& operator=(const EngineRequest&) = delete;

  const EngineTensor& input(std::size_t index) const { return inputs_[index]; }

  /// Valid until the next inference.
  virtual const EngineTensor& output(std::size_t index) = 0;

  /// Give an input of open height and width a size; its memory grows to the largest.
  virtual void resize(Size size) = 0;

  virtual void infer() = 0;

 protected:
  std::vector<EngineTensor> inputs_;
};

/// What a log is told of the loading beside.
struct LoadingReport {
  bool is_from_cache = false;
  bool are_threads_pinned = false;  ///< to CPUs
};

/// A network loaded into an engine; what it says of itself is set when it is loaded.
class EngineNetwork {
 public:
  EngineNetwork() = default;
  virtual ~EngineNetwork() = default;
  EngineNetwork(const EngineNetwork&) = delete;
  EngineNetwork& operator=(const EngineNetwork&) = delete;

  virtual std::unique_ptr<EngineRequest> make_request() = 0;

  virtual LoadingReport report() const { return {}; }

  std::string engine;     ///< "openvino 2026.4.1"
  std::string precision;  ///< "f32" or "bf16"
  std::vector<TensorInfo> inputs, outputs;
  int streams = 1;  ///< frames computed side by side
  int threads = 1;  ///< of all streams together
  bool has_dynamic_batch = false;
};

/// Which lengths of a network's input stay open.
enum class OpenLengths { none, height_and_width };

/// How a file is opened; `batch` is the frames per inference of a file exported with a dynamic batch, 0 for the file's
/// own or 1.
struct Opening {
  const ModelSource& source;
  const Options& options;
  std::int64_t batch;
  OpenLengths open;
};

/// An inference engine.
class Engine {
 public:
  /// As in Options::engine.
  virtual const char* name() const = 0;

  /// Throws ArgumentError for impossible options, UnsupportedError for a device or a precision that is not there.
  virtual void check(const Options& options) const = 0;

  /// Take what the caller leaves open as the file was measured to run best.
  virtual Options fill_in(const Options& options, const RunSettings& measured) const = 0;

  /// Load a file with checked options. Throws FormatError for a file that the engine cannot read, EngineError where it
  /// cannot run it.
  virtual std::unique_ptr<EngineNetwork> load(const Opening& opening) const = 0;

 protected:
  ~Engine() = default;  // there is one of each, for ever
};

/// The engine that options name. Throws UnsupportedError where this library was built without it.
const Engine& find_engine(const Options& options);

/// Throws ArgumentError for options that no engine takes.
void check_common_options(const Options& options);

/// The shape that an input runs with; a dynamic batch gets its size. Throws FormatError where other lengths are open
/// than should be, UnsupportedError where the file's batch is another.
std::vector<std::int64_t> fix_shape(const Opening& opening, const std::vector<std::int64_t>& found, bool is_only);

/// Throw what an exception of an engine means: MemoryError, or EngineError with "path: what: reason".
[[noreturn]] void throw_engine_error(const std::string& path, const std::string& what, const std::exception& error);

/// The same of reading a file: MemoryError, or FormatError.
[[noreturn]] void throw_model_error(const std::string& path, const std::string& what, const std::exception& error);

/// Call an engine. Throws MemoryError and EngineError.
template <typename Call>
auto call_engine(const std::string& path, const char* what, const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    throw_engine_error(path, what, error);
  }
}

}  // namespace gcv
