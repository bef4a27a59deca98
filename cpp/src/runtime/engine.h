#pragma once

#include <memory>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "gcv_edge/options.h"
#include "gcv_edge/tensor.h"

namespace gcv {

/// "openvino 2026.4.1".
std::string engine_name();

/// Read an ONNX file. Throws FormatError.
std::shared_ptr<ov::Model> read_model(const std::string& path);

/// Which lengths of a network's input stay open.
enum class OpenLengths { none, height_and_width };

/// Give a dynamic batch its size, 0 for 1: fixed shapes are what the CPU plugin is fastest with.
/// Throws FormatError where other lengths are open than should be, UnsupportedError where the file's batch is another.
void fix_shapes(ov::Model& model, const std::string& path, std::int64_t batch, OpenLengths open);

/// Compile for the CPU. Throws FormatError, UnsupportedError, or ArgumentError for impossible options.
ov::CompiledModel compile_model(const std::shared_ptr<ov::Model>& model, const std::string& path,
                                const Options& options);

/// Names of a network's inputs and outputs as the file has them; ask before it is compiled: that merges tensors, such
/// as both sides of a Cast, and a port then has the names of all of them.
struct PortNames {
  std::vector<std::string> inputs, outputs;
};
PortNames list_names(ov::Model& model);

/// Name, type and shape of ports in the same order.
std::vector<TensorInfo> describe_ports(const std::vector<ov::Output<const ov::Node>>& ports,
                                       const std::vector<std::string>& names);

/// Boil an engine's message down to the line that says what is wrong.
std::string one_line(const std::exception& error);

/// Spell a type as NumPy does: "float32".
std::string type_name(const ov::element::Type& type);

}  // namespace gcv
