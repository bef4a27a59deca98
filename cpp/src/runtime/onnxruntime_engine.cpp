#include "onnxruntime_engine.h"

#include <algorithm>

#include "cpus.h"
#include "gcv_edge/error.h"
#include "onnxruntime_network.h"

namespace gcv {
namespace {

/// Only fatal messages reach its log: what fails is thrown anyway.
constexpr int kQuiet = ORT_LOGGING_LEVEL_FATAL;

/// Inferences side by side, and the threads of each: for throughput one.
struct Sharing {
  int streams, threads;
};

Sharing share_threads(const Options& options) {
  const int threads = options.threads > 0 ? options.threads : usable_cpus();
  const int streams = options.streams > 0 ? options.streams : options.hint == Hint::throughput ? threads : 1;
  return {streams, std::max(1, threads / streams)};
}

OrtOwned<OrtSession> make_session(const ModelSource& source, int threads, const char* exact_sums) {
  const OnnxRuntime& runtime = shared_onnxruntime();
  const OrtApi& api = runtime.api;
  const auto settings = own<OrtSessionOptions>(
      api.ReleaseSessionOptions, [&](OrtSessionOptions** made) { return api.CreateSessionOptions(made); });
  check_status(api.SetIntraOpNumThreads(settings.get(), threads));
  check_status(api.SetSessionLogSeverityLevel(settings.get(), kQuiet));
  check_status(api.AddSessionConfigEntry(settings.get(), "session.x64quantprecision", exact_sums));
  return own<OrtSession>(api.ReleaseSession, [&](OrtSession** made) {
    const auto& content = source.content();
    if (content == nullptr) return api.CreateSession(runtime.environment, source.name().c_str(), settings.get(), made);
    return api.CreateSessionFromArray(runtime.environment, content->data(), content->size(), settings.get(), made);
  });
}

/// Without VNNI, kernels of x86 saturate sums of 8-bit products at 16 bits, unless they are told not to. ONNX
/// Runtime 1.32 fails to where layers share their weights.
OrtOwned<OrtSession> make_session(const ModelSource& source, int threads) {
  try {
    return make_session(source, threads, "1");
  } catch (const std::exception& error) {
    if (std::string(error.what()).find("AddInitializerWithOrtValue") == std::string::npos) throw;
  }
  return make_session(source, threads, "0");
}

}  // namespace

void OnnxRuntimeEngine::check(const Options& options) const {
  const std::string expected = "': found engine 'onnxruntime', expected 'openvino'";
  if (options.device != "CPU") throw ArgumentError("device '" + options.device + expected);
  if (!options.cache_dir.empty()) throw ArgumentError("cache_dir '" + options.cache_dir + expected);
  if (options.precision == Precision::bf16) {
    throw UnsupportedError("precision 'bf16' is not supported by onnxruntime: use engine 'openvino'");
  }
}

/// What was measured was measured in OpenVINO.
Options OnnxRuntimeEngine::fill_in(const Options& options, const RunSettings& /*measured*/) const { return options; }

std::unique_ptr<EngineNetwork> OnnxRuntimeEngine::load(const Opening& opening) const {
  const Sharing sharing = share_threads(opening.options);
  shared_onnxruntime();  // where it is missing, the file is not to blame
  OrtOwned<OrtSession> session(nullptr, nullptr);
  try {
    session = make_session(opening.source, sharing.threads);
  } catch (const std::exception& error) {
    throw_model_error(opening.source.name(), "ONNX Runtime cannot load it", error);
  }
  auto network = std::make_unique<OnnxRuntimeNetwork>(std::move(session), opening);
  network->streams = sharing.streams;
  network->threads = sharing.threads * sharing.streams;
  return network;
}

}  // namespace gcv
