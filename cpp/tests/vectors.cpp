#include "vectors.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace {

std::string read_word(std::istream& file) {
  std::string word;
  if (!(file >> word)) throw std::runtime_error("vectors.txt ends early");
  return word;
}

Case::Tensor read_tensor(std::istream& file) {
  Case::Tensor tensor;
  std::size_t count = 1;
  const int dimensions = std::atoi(read_word(file).c_str());
  for (int i = 0; i < dimensions; ++i) {
    tensor.shape.push_back(std::strtoul(read_word(file).c_str(), nullptr, 10));
    count *= tensor.shape.back();
  }
  for (std::size_t i = 0; i < count; ++i) tensor.values.push_back(std::strtod(read_word(file).c_str(), nullptr));
  return tensor;
}

Case read_case(std::istream& file) {
  Case found;
  found.topic = read_word(file);
  found.name = read_word(file);
  for (std::string word = read_word(file); word != "end"; word = read_word(file)) {
    const std::string key = read_word(file);
    if (word == "text") {
      found.texts[key] = read_word(file);
    } else {
      found.tensors[key] = read_tensor(file);
    }
  }
  return found;
}

}  // namespace

gcv::Placement Case::placement() const {
  const auto source = at("source").values;
  const auto target = at("target").as<int>();
  return {{source[0], source[1], source[2], source[3]}, {target[0], target[1], target[2], target[3]}};
}

std::vector<Case> read_cases(const std::string& topic) {
  std::ifstream file(GCV_EDGE_VECTORS);
  std::vector<Case> cases;
  std::string word;
  while (file >> word) {
    Case found = read_case(file);
    if (found.topic == topic) cases.push_back(std::move(found));
  }
  if (cases.empty()) throw std::runtime_error("no case of " + topic + " in " GCV_EDGE_VECTORS);
  return cases;
}
