#include "onnxruntime_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <stdexcept>

#include "engine.h"
#include "gcv_edge/error.h"
#include "home_process.h"

namespace gcv {
namespace {

/// The file that the build found, then the name of every release's.
constexpr const char* kLibraries[] = {GCV_EDGE_ONNXRUNTIME_FILE, "libonnxruntime.so.1"};

void* open_library() {
  std::string problem;
  for (const char* name : kLibraries) {
    if (void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    problem = dlerror();
  }
  throw EngineError("ONNX Runtime: " + problem + ": it belongs beside this library, or where the system looks");
}

const OrtApiBase& find_base() {
  void* const found = dlsym(open_library(), "OrtGetApiBase");
  if (found == nullptr) throw EngineError("ONNX Runtime: found a library without OrtGetApiBase");
  return *reinterpret_cast<const OrtApiBase* (*)()>(found)();
}

OrtEnv* make_environment(const OrtApi& api) {
  // From 1.32 on it would write a device's id below the user's cache, and look for hosts; its own call to stop that
  // comes too late.
  setenv("ORT_DISABLE_TELEMETRY", "1", 0);
  OrtEnv* made = nullptr;
  if (OrtStatus* const status = api.CreateEnv(ORT_LOGGING_LEVEL_FATAL, "gcv_edge", &made)) {
    const std::string text = api.GetErrorMessage(status);
    api.ReleaseStatus(status);
    throw EngineError("ONNX Runtime: cannot start: " + text);
  }
  return made;
}

/// Its threads may outlive static objects, so it is never destroyed.
const OnnxRuntime* start() {
  const OrtApiBase& base = find_base();
  const std::string version = base.GetVersionString();
  const OrtApi* const api = base.GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    throw EngineError("ONNX Runtime: found version " + version + ", expected 1." + std::to_string(ORT_API_VERSION) +
                      " or later");
  }
  return new OnnxRuntime{*api, make_environment(*api), version};
}

}  // namespace

const OnnxRuntime& shared_onnxruntime() {
  static const HomeProcess home;
  home.check("ONNX Runtime was used");
  static const OnnxRuntime& runtime = *start();
  return runtime;
}

void check_status(OrtStatus* status) {
  if (status == nullptr) return;
  const OrtApi& api = shared_onnxruntime().api;
  const std::string text = api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  throw std::runtime_error(text);
}

}  // namespace gcv
