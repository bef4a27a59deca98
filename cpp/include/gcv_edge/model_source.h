#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "gcv_edge/export.h"

namespace gcv {

/// Where a network comes from: a file, or its content in memory.
class GCV_EDGE_API ModelSource {
 public:
  /// A path: whatever becomes a std::string, as "yolo3.onnx" or a std::filesystem::path.
  template <typename T, typename = std::enable_if_t<std::is_convertible_v<T, std::string>>>
  ModelSource(T path) : name_(std::move(path)) {}  // NOLINT(misc-explicit-constructor): a path is one

  /// The content of an .onnx file, decrypted or linked into the program, say. `name` stands for a path in messages.
  static ModelSource from_bytes(std::string content, std::string name = "model");

  /// The same of bytes that are copied. Throws ArgumentError for a null pointer.
  static ModelSource from_bytes(const void* data, std::size_t size, std::string name = "model");

  /// The path, or what stands for it.
  const std::string& name() const { return name_; }

  /// Null for a file.
  const std::shared_ptr<const std::string>& content() const { return content_; }

 private:
  ModelSource(std::string name, std::shared_ptr<const std::string> content)
      : name_(std::move(name)), content_(std::move(content)) {}

  std::string name_;
  std::shared_ptr<const std::string> content_;
};

}  // namespace gcv
