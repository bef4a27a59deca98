#include "engine.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "cpus.h"
#include "gcv_edge/error.h"
#include "home_process.h"
#include "shared_core.h"

namespace gcv {
namespace {

constexpr std::size_t kLongestMessage = 300;

bool begins_with(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

std::string strip(const std::string& text) {
  constexpr const char* kSpace = " \t\r\v\f";
  const std::size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::vector<std::int64_t> shape_of(const ov::PartialShape& shape) {
  std::vector<std::int64_t> lengths;
  if (shape.rank().is_dynamic()) return lengths;
  for (const ov::Dimension& length : shape) lengths.push_back(length.is_dynamic() ? -1 : length.get_length());
  return lengths;
}

std::string join_shape(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t length : shape) {
    text += (text.empty() ? "" : ",") + (length < 0 ? "?" : std::to_string(length));
  }
  return text;
}

std::int64_t choose_batch(const std::string& path, std::int64_t found, std::int64_t wanted) {
  if (found >= 0 && wanted != 0 && wanted != found) {
    throw UnsupportedError(path + ": found batch " + std::to_string(found) + ", expected " + std::to_string(wanted) +
                           ": export with --dynamic-batch for other sizes");
  }
  return found > 0 ? found : std::max<std::int64_t>(wanted, 1);
}

ov::PartialShape fix_shape(const std::string& path, std::vector<std::int64_t> shape, std::int64_t batch, bool is_only) {
  const bool has_open = shape.size() > 1 && std::count(shape.begin() + 1, shape.end(), -1) > 0;
  if (shape.size() < 2 || has_open || (shape[0] < 0 && !is_only)) {
    throw FormatError(path, "input: found shape [" + join_shape(shape) + "], expected [N,C,H,W] with fixed H and W");
  }
  shape[0] = choose_batch(path, shape[0], is_only ? batch : 0);
  return {std::vector<ov::Dimension>(shape.begin(), shape.end())};
}

void check_open_shape(const std::string& path, const std::vector<std::int64_t>& shape) {
  if (shape.size() == 4 && shape[0] == 1 && shape[1] > 0 && shape[2] < 0 && shape[3] < 0) return;
  throw FormatError(path, "input: found shape [" + join_shape(shape) +
                              "], expected [1,C,?,?]: metadata key 'gcv_edge short_side' says that H and W are open");
}

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

/// Boil an engine's message down to the line that says what is wrong.
std::string one_line(const std::exception& error) {
  std::istringstream lines(error.what());
  std::string told, line;
  while (std::getline(lines, line)) {
    line = strip(line);
    if (line.empty() || begins_with(line, "Exception from ") || begins_with(line, "Check '")) continue;
    told += (told.empty() ? "" : " ") + line;
  }
  return told.empty() ? "unknown error" : told.substr(0, kLongestMessage);
}

/// OpenVINO wraps what its parts throw, and keeps the text alone.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  const std::string text = error.what();
  const char* const signs[] = {"bad_alloc",         "bad allocation",
                               "out of memory",     "Cannot allocate memory",
                               "ailed to allocate", "Resource temporarily unavailable"};
  return std::any_of(std::begin(signs), std::end(signs),
                     [&](const char* sign) { return text.find(sign) != std::string::npos; });
}

/// A thread that cannot be made is mostly its stack that has no room.
[[noreturn]] void throw_out_of_memory(const std::string& path, const std::string& what, const std::exception& error) {
  throw MemoryError(path + ": " + what + ": out of memory (" + one_line(error) + ")");
}

/// Its part that reads ONNX is a library of its own, which a deployed program may lack.
bool lacks_onnx(const std::string& reason) {
  const std::size_t listed = reason.find("Available frontends:");
  return listed != std::string::npos && reason.find("onnx", listed) == std::string::npos;
}

[[noreturn]] void throw_model_error(const std::string& path, const std::string& what, const std::exception& error) {
  if (is_out_of_memory(error)) throw_out_of_memory(path, what, error);
  if (lacks_onnx(error.what())) {
    throw EngineError(path + ": " + what + ": libopenvino_onnx_frontend.so is missing beside libopenvino.so");
  }
  throw FormatError(path, what + ": " + one_line(error));
}

}  // namespace

std::string engine_name() {
  const std::string build = ov::get_openvino_version().buildNumber;
  return "openvino " + build.substr(0, build.find('-'));
}

namespace {

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

}  // namespace

ov::Core& shared_core() {
  static const HomeProcess home;
  home.check("OpenVINO was used");
  // Its threads may outlive static objects, so it is never destroyed.
  static auto& core = *call_engine("OpenVINO", "cannot start", [] { return new ov::Core; });
  return core;
}

std::shared_ptr<ov::Model> read_model(const ModelSource& source) {
  const ov::Core& core = shared_core();
  try {
    auto model =
        source.content() == nullptr ? core.read_model(source.name()) : core.read_model(*source.content(), ov::Tensor());
    static const bool is_kept = keep_reader();
    static_cast<void>(is_kept);
    return model;
  } catch (const std::exception& error) {
    throw_model_error(source.name(), "OpenVINO cannot read it", error);
  }
}

void fix_shapes(ov::Model& model, const std::string& path, std::int64_t batch, OpenLengths open) {
  if (open == OpenLengths::height_and_width) {
    check_open_shape(path, shape_of(model.input(0).get_partial_shape()));
    return;
  }
  std::map<std::size_t, ov::PartialShape> fixed;
  const auto ports = model.inputs();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    fixed[i] = fix_shape(path, shape_of(ports[i].get_partial_shape()), batch, ports.size() == 1);
  }
  try {
    model.reshape(fixed);
  } catch (const std::exception& error) {
    throw_model_error(path, "OpenVINO cannot set batch " + std::to_string(fixed[0][0].get_length()), error);
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

void throw_engine_error(const std::string& path, const char* what, const std::exception& error) {
  if (is_out_of_memory(error)) throw_out_of_memory(path, what, error);
  throw EngineError(path + ": " + what + ": " + one_line(error));
}

PortNames list_names(ov::Model& model) {
  PortNames names;
  for (const auto& port : model.outputs()) names.outputs.push_back(name_of_output(port));
  for (const auto& port : model.inputs()) names.inputs.push_back(name_of_input(port, names.outputs));
  return names;
}

std::vector<TensorInfo> describe_ports(const std::vector<ov::Output<const ov::Node>>& ports,
                                       const std::vector<std::string>& names) {
  std::vector<TensorInfo> found;
  found.reserve(ports.size());
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& port = ports[i];
    found.push_back({names[i], type_name(port.get_element_type()), shape_of(port.get_partial_shape())});
  }
  return found;
}

std::string type_name(const ov::element::Type& type) {
  if (type == ov::element::boolean) return "bool";
  const std::string name = type.get_type_name();
  if (name == "bf16") return "bfloat16";
  const char kind = name.empty() ? '?' : name[0];
  const std::string bits = name.size() > 1 ? name.substr(1) : "";
  return (kind == 'f' ? "float" : kind == 'i' ? "int" : kind == 'u' ? "uint" : name) + bits;
}

}  // namespace gcv
