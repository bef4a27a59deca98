#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <system_error>

#include "gcv_edge/error.h"
#include "join.h"
#include "openvino_engine.h"

namespace gcv {
namespace {

using Texts = std::vector<std::string>;

bool has(const Texts& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// "GPU" of "GPU.1".
std::string kind_of(const std::string& device) { return device.substr(0, device.find('.')); }

/// AUTO comes with any device; what is there has a name of its own where there are several: GPU.0 and GPU.1.
Texts list_devices() {
  Texts found = shared_core().get_available_devices();
  if (!found.empty()) found.emplace_back("AUTO");
  return found;
}

/// Quicker than listing all devices, which loads the engine's part for each.
bool has_cpu() {
  try {
    shared_core().get_property("CPU", ov::supported_properties);
    return true;
  } catch (const ov::Exception&) {
    return false;
  }
}

void check_device(const std::string& device) {
  const Texts known{"CPU", "GPU", "NPU", "AUTO"};
  if (!has(known, kind_of(device))) {
    throw ArgumentError("device: found '" + device + "', expected one of " + join(known));
  }
  if (device == "CPU" && has_cpu()) return;
  const Texts here = list_devices();
  const auto is_meant = [&](const std::string& one) { return one == device || kind_of(one) == device; };
  if (std::any_of(here.begin(), here.end(), is_meant)) return;
  throw UnsupportedError("device '" + device + "': OpenVINO finds none here, it finds " +
                         (here.empty() ? "no device at all: is libopenvino_intel_cpu_plugin.so there?" : join(here)));
}

/// Threads and streams are the CPU's.
void check_cpu_only(const Options& options) {
  if (options.device == "CPU" || options.device == "AUTO" || options.threads == 0) return;
  throw ArgumentError("threads: found " + std::to_string(options.threads) + ", expected 0 for device '" +
                      options.device + "': they are the CPU's");
}

void check_precision(const Options& options) {
  if (options.precision != Precision::bf16 || options.device != "CPU") return;
  const auto able = shared_core().get_property("CPU", ov::device::capabilities);
  if (has(able, "BF16")) return;
  throw UnsupportedError("precision 'bf16' is not supported by this CPU: use precision 'f32' or 'auto'");
}

void check_cache(const std::string& folder) {
  if (folder.empty()) return;
  if (folder.find('\0') != std::string::npos) throw ArgumentError("cache_dir: found a zero byte");
  struct stat status{};
  if (stat(folder.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return;
    throw ArgumentError("cache_dir: " + folder + ": found a file, expected a folder");
  }
  if (mkdir(folder.c_str(), S_IRWXU) == 0) return;
  const int problem = errno;
  const bool is_there_now = problem == EEXIST && stat(folder.c_str(), &status) == 0;  // not a link to nothing
  if (is_there_now && S_ISDIR(status.st_mode)) return;
  throw ArgumentError("cache_dir: " + folder + ": cannot be made: " + std::generic_category().message(problem));
}

}  // namespace

void OpenVinoEngine::check(const Options& options) const {
  check_device(options.device);
  check_cpu_only(options);
  check_precision(options);
  check_cache(options.cache_dir);
}

}  // namespace gcv
