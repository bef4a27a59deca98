#pragma once

#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "any_result.h"
#include "gcv_edge/classification.h"
#include "gcv_edge/depth_map.h"
#include "gcv_edge/picture.h"
#include "gcv_edge/poses.h"
#include "gcv_edge/regression.h"
#include "gcv_edge/segmentation.h"

namespace gcv {

using Tensors = std::map<std::string, Tensor>;

// The arrays of results, named as in gcv_edge.h. `computed` keeps one that is made of others.
void list_arrays(const Detections& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const InstanceMasks& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Classification& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Segmentation& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Poses& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const DepthMap& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Embedding& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Regression& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Picture& result, std::vector<float>& computed, ArrayList& list);
void list_arrays(const Tensors& result, std::vector<float>& computed, ArrayList& list);

/// A result of one kind.
template <typename R>
class TypedResult : public AnyResult {
 public:
  TypedResult() = default;
  explicit TypedResult(R given) : value(std::move(given)) { describe(); }

  /// List the arrays of a value that has changed.
  void describe() {
    list_.begin();
    list_arrays(value, computed_, list_);
    list_.end();
  }

  Speed speed() const override {
    if constexpr (std::is_same_v<R, Tensors>) {
      return {};
    } else {
      return value.speed;
    }
  }

  const InstanceMasks* masks() const override { return as<InstanceMasks>(); }
  const Embedding* embedding() const override { return as<Embedding>(); }

  R value;

 private:
  template <typename Kind>
  const Kind* as() const {
    if constexpr (std::is_same_v<R, Kind>) {
      return &value;
    } else {
      return nullptr;
    }
  }

  std::vector<float> computed_;
};

}  // namespace gcv
