#pragma once

#include <openvino/openvino.hpp>
#include <string>
#include <vector>

#include "engine.h"

namespace gcv {

/// OpenVINO, on whatever device it knows.
class OpenVinoEngine final : public Engine {
 public:
  const char* name() const override { return "openvino"; }
  void check(const Options& options) const override;
  Options fill_in(const Options& options, const RunSettings& measured) const override;
  std::unique_ptr<EngineNetwork> load(const Opening& opening) const override;
};

/// The process's one core of OpenVINO. Throws EngineError where OpenVINO is not whole, ForkError in a process that was
/// forked after the core was made.
ov::Core& shared_core();

/// A shape as the library has it: -1 for a length that is open.
std::vector<std::int64_t> shape_of(const ov::PartialShape& shape);

/// A network compiled by OpenVINO.
class OpenVinoNetwork : public EngineNetwork {
 public:
  /// `names` are those of the file.
  struct Names {
    std::vector<std::string> inputs, outputs;
  };
  OpenVinoNetwork(ov::CompiledModel compiled, std::string path, const Names& names);

  std::unique_ptr<EngineRequest> make_request() override;
  LoadingReport report() const override;

 private:
  ov::CompiledModel compiled_;
  std::string path_;
};

}  // namespace gcv
