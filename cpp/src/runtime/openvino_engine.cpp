#include "openvino_engine.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "cpus.h"
#include "gcv_edge/error.h"
#include "gcv_edge/model_metadata.h"
#include "home_process.h"

namespace gcv {
namespace {

/// OpenVINO honours the affinity mask and prefers physical cores by itself, so threads are only set where a cgroup
/// grants less than that or the caller says.
int choose_threads(const Options& options) {
  if (options.threads > 0 || options.device != "CPU") return options.threads;
  const int usable = usable_cpus();
  return usable < affinity_count() ? usable : 0;
}

ov::AnyMap build_config(const Options& options) {
  ov::AnyMap config;
  config["PERFORMANCE_HINT"] = std::string(options.hint == Hint::latency ? "LATENCY" : "THROUGHPUT");
  if (options.precision != Precision::automatic) {
    config["INFERENCE_PRECISION_HINT"] = std::string(options.precision == Precision::f32 ? "f32" : "bf16");
  }
  if (const int threads = choose_threads(options); threads > 0) {
    config["INFERENCE_NUM_THREADS"] = std::to_string(threads);
    // Or they are pinned to the first CPUs, where those of every other network are pinned too.
    if (threads < affinity_count()) config["ENABLE_CPU_PINNING"] = std::string("NO");
  }
  if (options.streams > 0) config["NUM_STREAMS"] = std::to_string(options.streams);
  if (!options.cache_dir.empty()) config["CACHE_DIR"] = options.cache_dir;
  return config;
}

bool has_open_input(const ov::Model& model) {
  const auto ports = model.inputs();
  return std::any_of(ports.begin(), ports.end(),
                     [](const auto& port) { return port.get_partial_shape().is_dynamic(); });
}

/// An output's node is called as it, with a suffix, where it shares a tensor with other outputs too.
std::string name_of_output(const ov::Output<ov::Node>& port) {
  const std::string node = port.get_node()->get_friendly_name();
  const std::string name = node.substr(0, node.rfind("/sink_port_"));
  return port.get_names().count(name) > 0 ? name : port.get_any_name();
}

bool is_shorter(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// Where outputs are the same tensor, an input may have their names too.
std::string name_of_input(const ov::Output<ov::Node>& port, const std::vector<std::string>& outputs) {
  auto names = port.get_names();
  for (const std::string& output : outputs) names.erase(output);
  const auto shortest = std::min_element(names.begin(), names.end(), is_shorter);
  return shortest == names.end() ? port.get_any_name() : *shortest;
}

/// Names of inputs and outputs as the file has them; ask before it is compiled: that merges tensors, such as both sides
/// of a Cast, and a port then has the names of all of them.
OpenVinoNetwork::Names list_names(ov::Model& model) {
  OpenVinoNetwork::Names names;
  for (const auto& port : model.outputs()) names.outputs.push_back(name_of_output(port));
  for (const auto& port : model.inputs()) names.inputs.push_back(name_of_input(port, names.outputs));
  return names;
}

/// Its part that reads ONNX is a library of its own, which a deployed program may lack.
bool lacks_onnx(const std::string& reason) {
  const std::size_t listed = reason.find("Available frontends:");
  return listed != std::string::npos && reason.find("onnx", listed) == std::string::npos;
}

/// OpenVINO unloads its reader of ONNX with the last network. What the reader has left for the process's end is then
/// called where nothing is any more, so the reader stays.
bool keep_reader() {
  std::string path;
  const auto find = [](dl_phdr_info* info, std::size_t /*size*/, void* found) {
    if (std::strstr(info->dlpi_name, "openvino_onnx_frontend") == nullptr) return 0;
    *static_cast<std::string*>(found) = info->dlpi_name;
    return 1;
  };
  dl_iterate_phdr(find, &path);
  return !path.empty() && dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) != nullptr;
}

std::shared_ptr<ov::Model> read_model(const ModelSource& source) {
  const ov::Core& core = shared_core();
  const std::string what = "OpenVINO cannot read it";
  try {
    auto model =
        source.content() == nullptr ? core.read_model(source.name()) : core.read_model(*source.content(), ov::Tensor());
    static const bool is_kept = keep_reader();
    static_cast<void>(is_kept);
    return model;
  } catch (const std::exception& error) {
    if (!lacks_onnx(error.what())) throw_model_error(source.name(), what, error);
    throw EngineError(source.name() + ": " + what + ": libopenvino_onnx_frontend.so is missing beside libopenvino.so");
  }
}

/// Fixed shapes are what the CPU plugin is fastest with.
void fix_shapes(ov::Model& model, const Opening& opening) {
  const auto ports = model.inputs();
  std::map<std::size_t, ov::PartialShape> fixed;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::vector<std::int64_t> shape =
        fix_shape(opening, shape_of(ports[i].get_partial_shape()), ports.size() == 1);
    if (opening.open == OpenLengths::height_and_width) return;
    fixed[i] = ov::PartialShape(std::vector<ov::Dimension>(shape.begin(), shape.end()));
  }
  try {
    model.reshape(fixed);
  } catch (const std::exception& error) {
    throw_model_error(opening.source.name(), "OpenVINO cannot set batch " + std::to_string(fixed[0][0].get_length()),
                      error);
  }
}

ov::CompiledModel compile_model(const std::shared_ptr<ov::Model>& model, const std::string& path,
                                const Options& options) {
  ov::AnyMap config = build_config(options);
  if (options.device == "CPU" && has_open_input(*model)) {
    config["CPU_RUNTIME_CACHE_CAPACITY"] = std::string("0");  // else memory grows with every new shape
  }
  return call_engine(path, "OpenVINO cannot compile it",
                     [&] { return shared_core().compile_model(model, options.device, config); });
}

}  // namespace

ov::Core& shared_core() {
  static const HomeProcess home;
  home.check("OpenVINO was used");
  // Its threads may outlive static objects, so it is never destroyed.
  static auto& core = *call_engine("OpenVINO", "cannot start", [] { return new ov::Core; });
  return core;
}

/// That is f32 where the precision is left to OpenVINO, which takes bf16 by itself, and the streams where as many CPUs
/// are there as the file was measured with.
Options OpenVinoEngine::fill_in(const Options& options, const RunSettings& measured) const {
  Options filled = options;
  if (options.device != "CPU") return filled;
  if (options.precision == Precision::automatic && measured.precision == "f32") filled.precision = Precision::f32;
  const int cpus = options.threads > 0 ? options.threads : usable_cpus();
  if (options.hint == Hint::throughput && options.streams == 0 && cpus == measured.cpus) {
    filled.streams = measured.streams;
  }
  return filled;
}

std::unique_ptr<EngineNetwork> OpenVinoEngine::load(const Opening& opening) const {
  const std::string& path = opening.source.name();
  const std::shared_ptr<ov::Model> model = read_model(opening.source);
  if (model->inputs().empty()) throw FormatError(path, "found 0 inputs, expected 1");
  const std::vector<std::int64_t> shape = shape_of(model->input(0).get_partial_shape());
  const OpenVinoNetwork::Names names = list_names(*model);
  fix_shapes(*model, opening);
  auto network = std::make_unique<OpenVinoNetwork>(compile_model(model, path, opening.options), path, names);
  network->has_dynamic_batch = !shape.empty() && shape[0] < 0;
  return network;
}

}  // namespace gcv
