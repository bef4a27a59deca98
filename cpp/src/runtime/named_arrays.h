#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gcv_edge.h"
#include "gcv_edge/speed.h"

namespace gcv {

/// Numbers that an array owns, whatever they came in.
struct NamedArray {
  std::string name;
  int type;
  std::vector<std::int64_t> shape;
  std::shared_ptr<const void> owner;
  const void* data;
};

/// A result of any task as arrays with names.
class NamedArrays {
 public:
  explicit NamedArrays(const Speed& speed = {}) : speed_(speed) {}

  const std::vector<NamedArray>& arrays() const { return arrays_; }
  const Speed& speed() const { return speed_; }

  /// Take numbers, or rows of them, over.
  template <typename T>
  void add(std::string name, int type, std::vector<std::int64_t> shape, std::vector<T> values) {
    auto owner = std::make_shared<const std::vector<T>>(std::move(values));
    const void* data = owner->data();
    arrays_.push_back({std::move(name), type, std::move(shape), std::move(owner), data});
  }

 private:
  std::vector<NamedArray> arrays_;
  Speed speed_;
};

}  // namespace gcv
