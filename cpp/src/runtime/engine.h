#pragma once

#include <memory>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "gcv_edge/model_source.h"
#include "gcv_edge/options.h"
#include "gcv_edge/tensor.h"

namespace gcv {

/// "openvino 2026.4.1".
std::string engine_name();

/// Read an ONNX file. Throws FormatError.
std::shared_ptr<ov::Model> read_model(const ModelSource& source);

/// Which lengths of a network's input stay open.
enum class OpenLengths { none, height_and_width };

/// Give a dynamic batch its size, 0 for 1: fixed shapes are what the CPU plugin is fastest with.
/// Throws FormatError where other lengths are open than should be, UnsupportedError where the file's batch is another.
void fix_shapes(ov::Model& model, const std::string& path, std::int64_t batch, OpenLengths open);

/// Compile for the device of checked options. Throws EngineError.
ov::CompiledModel compile_model(const std::shared_ptr<ov::Model>& model, const std::string& path,
                                const Options& options);

/// Throws ArgumentError for impossible options, UnsupportedError for a device or a precision that is not there.
void check_options(const Options& options);

/// Names of a network's inputs and outputs as the file has them; ask before it is compiled: that merges tensors, such
/// as both sides of a Cast, and a port then has the names of all of them.
struct PortNames {
  std::vector<std::string> inputs, outputs;
};
PortNames list_names(ov::Model& model);

/// Name, type and shape of ports in the same order.
std::vector<TensorInfo> describe_ports(const std::vector<ov::Output<const ov::Node>>& ports,
                                       const std::vector<std::string>& names);

/// Throw what an exception of the engine means: MemoryError, or EngineError with "path: what: reason".
[[noreturn]] void throw_engine_error(const std::string& path, const char* what, const std::exception& error);

/// Call the engine. Throws MemoryError and EngineError.
template <typename Call>
auto call_engine(const std::string& path, const char* what, const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    throw_engine_error(path, what, error);
  }
}

/// Spell a type as NumPy does: "float32".
std::string type_name(const ov::element::Type& type);

}  // namespace gcv
