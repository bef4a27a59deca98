#pragma once

#include "engine.h"

namespace gcv {

/// ONNX Runtime, on the CPU.
class OnnxRuntimeEngine final : public Engine {
 public:
  const char* name() const override { return "onnxruntime"; }
  void check(const Options& options) const override;
  Options fill_in(const Options& options, const RunSettings& measured) const override;
  std::unique_ptr<EngineNetwork> load(const Opening& opening) const override;
};

}  // namespace gcv
