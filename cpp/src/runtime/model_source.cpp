#include "gcv_edge/model_source.h"

#include "gcv_edge/error.h"

namespace gcv {

ModelSource ModelSource::from_bytes(std::string content, std::string name) {
  return {std::move(name), std::make_shared<const std::string>(std::move(content))};
}

ModelSource ModelSource::from_bytes(const void* data, std::size_t size, std::string name) {
  if (data == nullptr) throw ArgumentError(name + ": found no data, expected the content of an .onnx file");
  if (size > std::string().max_size()) {
    throw ArgumentError(name + ": found " + std::to_string(size) + " bytes, more than memory can hold");
  }
  return from_bytes(std::string(static_cast<const char*>(data), size), std::move(name));
}

}  // namespace gcv
