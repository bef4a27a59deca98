#pragma once

#include <onnxruntime_c_api.h>

#include <memory>
#include <string>

namespace gcv {

/// ONNX Runtime's C interface, of a library that is opened at the first use and never closed.
struct OnnxRuntime {
  const OrtApi& api;
  OrtEnv* environment;
  std::string version;  ///< "1.32.0"
};

/// The process's one. Throws EngineError where there is no library, or an older one than this was built for; ForkError
/// in a process that was forked after it was opened.
const OnnxRuntime& shared_onnxruntime();

/// Throws std::runtime_error with what a status says.
void check_status(OrtStatus* status);

/// What ONNX Runtime made.
template <typename T>
using OrtOwned = std::unique_ptr<T, void (*)(T*)>;

/// Own what `make` writes to its argument, and end it with `release`.
template <typename T, typename Make>
OrtOwned<T> own(void (*release)(T*), const Make& make) {
  T* made = nullptr;
  check_status(make(&made));
  return {made, release};
}

}  // namespace gcv
