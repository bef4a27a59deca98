#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gcv_edge/export.h"

namespace gcv {

/// Names of a network's classes (or key points), by id. Copies share the names.
class GCV_EDGE_API Labels {
 public:
  Labels() : Labels(std::vector<std::string>()) {}
  explicit Labels(std::vector<std::string> names)
      : names_(std::make_shared<const std::vector<std::string>>(std::move(names))) {}

  std::size_t size() const { return names_->size(); }
  bool empty() const { return names_->empty(); }
  const std::string& operator[](std::size_t id) const { return (*names_)[id]; }
  std::vector<std::string>::const_iterator begin() const { return names_->begin(); }
  std::vector<std::string>::const_iterator end() const { return names_->end(); }

  /// A name, or "class 3" where the file has none.
  std::string name(std::int64_t id, const char* kind = "class") const;

 private:
  std::shared_ptr<const std::vector<std::string>> names_;
};

}  // namespace gcv
