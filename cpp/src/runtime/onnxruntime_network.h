#pragma once

#include <string>

#include "engine.h"
#include "onnxruntime_api.h"

namespace gcv {

/// A network loaded into ONNX Runtime.
class OnnxRuntimeNetwork : public EngineNetwork {
 public:
  OnnxRuntimeNetwork(OrtOwned<OrtSession> session, const Opening& opening);

  std::unique_ptr<EngineRequest> make_request() override;

  OrtSession* session() const { return session_.get(); }
  const std::string& path() const { return path_; }

 private:
  OrtOwned<OrtSession> session_;
  std::string path_;
};

}  // namespace gcv
