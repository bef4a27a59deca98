#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "gcv_edge/placement.h"

/// One case of tests/data/core/vectors.txt; the script beside that file describes the format.
struct Case {
  struct Tensor {
    std::vector<std::size_t> shape;
    std::vector<double> values;

    template <typename T>
    std::vector<T> as() const {
      std::vector<T> converted;
      for (const double value : values) converted.push_back(static_cast<T>(value));
      return converted;
    }
  };

  std::string topic, name;
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> texts;

  const Tensor& at(const std::string& key) const { return tensors.at(key); }
  int size(const std::string& key, std::size_t axis) const { return static_cast<int>(at(key).shape.at(axis)); }
  gcv::Placement placement() const;
};

/// All cases of a topic; throws if there is none.
std::vector<Case> read_cases(const std::string& topic);
