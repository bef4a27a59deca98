#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "gcv_edge/embedding.h"
#include "gcv_edge/instance_masks.h"
#include "gcv_edge/speed.h"
#include "gcv_edge/tensor.h"

namespace gcv {

/// An array of a result, as it lies there.
struct NamedArray {
  std::string name;
  int type = 0;
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
};

/// The arrays of a result. Listed again, they take the room that they have.
class ArrayList {
 public:
  const std::vector<NamedArray>& arrays() const { return arrays_; }

  void begin() { used_ = 0; }
  void add(const char* name, int type, const std::vector<std::int64_t>& shape, const void* data);
  void add(const char* name, int type, std::initializer_list<std::int64_t> shape, const void* data);
  void end() { arrays_.resize(used_); }

 private:
  NamedArray& next(const char* name, int type, const void* data);

  std::vector<NamedArray> arrays_;
  std::size_t used_ = 0;
};

/// A result of any task as arrays with names.
class AnyResult {
 public:
  virtual ~AnyResult() = default;

  const std::vector<NamedArray>& arrays() const { return list_.arrays(); }
  virtual Speed speed() const = 0;

  /// Null for a result of another task.
  virtual const InstanceMasks* masks() const { return nullptr; }
  virtual const Embedding* embedding() const { return nullptr; }

 protected:
  ArrayList list_;
};

}  // namespace gcv
