// Compiled into each library with the engines that it has.
#include "engine.h"
#include "gcv_edge/error.h"
#ifdef GCV_EDGE_HAS_OPENVINO
#include "openvino_engine.h"
#endif
#ifdef GCV_EDGE_HAS_ONNXRUNTIME
#include "onnxruntime_engine.h"
#endif

namespace gcv {
namespace {

#ifdef GCV_EDGE_HAS_OPENVINO
const OpenVinoEngine kOpenVino;
#endif
#ifdef GCV_EDGE_HAS_ONNXRUNTIME
const OnnxRuntimeEngine kOnnxRuntime;
#endif

/// The first is taken where none is named.
const Engine* const kEngines[] = {
#ifdef GCV_EDGE_HAS_OPENVINO
    &kOpenVino,
#endif
#ifdef GCV_EDGE_HAS_ONNXRUNTIME
    &kOnnxRuntime,
#endif
};

}  // namespace

const Engine& find_engine(const Options& options) {
  if (options.engine.empty()) return *kEngines[0];
  std::string known;
  for (const Engine* engine : kEngines) {
    if (engine->name() == options.engine) return *engine;
    known += (known.empty() ? "" : ", ") + std::string(engine->name());
  }
  if (options.engine != "openvino" && options.engine != "onnxruntime") {
    throw ArgumentError("engine: found '" + options.engine + "', expected openvino or onnxruntime");
  }
  throw UnsupportedError("engine '" + options.engine + "': this library was built without it, it has " + known);
}

}  // namespace gcv
