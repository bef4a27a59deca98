#include "outputs.h"

#include <climits>
#include <iterator>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

/// More numbers than any output has; products of lengths stay far from overflow.
constexpr std::int64_t kMaxCount = std::int64_t{1} << 40;

bool fits(const Output& output, const std::int64_t* expected, std::int64_t least) {
  for (std::size_t i = 0; i < output.rank(); ++i) {
    const std::int64_t length = output.shape[i];
    if (length < 0 || length > INT_MAX) return false;
    if (expected[i] < 0 ? length < least : length != expected[i]) return false;
  }
  return output.count() <= kMaxCount && (output.values != nullptr || output.count() == 0);
}

template <typename Lengths>
void check_shape_as(const char* name, const Output& output, const Lengths& expected, std::int64_t least) {
  if (output.rank() == expected.size() && fits(output, std::data(expected), least)) return;
  std::string shape = "[";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::int64_t length = std::data(expected)[i];
    shape += (i > 0 ? ", " : "") + (length < 0 ? "n" : std::to_string(length));
  }
  throw ArgumentError("output '" + std::string(name) + "': found shape " + output.describe() + ", expected " + shape +
                      "]");
}

}  // namespace

std::int64_t Output::count() const {
  std::int64_t product = 1;
  for (const std::int64_t length : shape) {
    if (length <= 0) return 0;
    if (length > kMaxCount || product > kMaxCount / length) return kMaxCount + 1;
    product *= length;
  }
  return product;
}

std::string Output::describe() const { return describe_shape(shape); }

Output Output::row(std::int64_t index) const {
  Output part{nullptr, {shape.begin() + 1, shape.end()}};
  if (values != nullptr) part.values = values + index * part.count();
  return part;
}

const Output& find_output(const Outputs& outputs, const char* name) {
  const auto found = outputs.find(name);
  if (found != outputs.end()) return found->second;
  throw ArgumentError("output '" + std::string(name) + "': found none");
}

std::string describe_shape(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + (shape[i] < 0 ? "None" : std::to_string(shape[i]));
  }
  return text + "]";
}

void check_shape(const char* name, const Output& output, std::initializer_list<std::int64_t> expected,
                 std::int64_t least) {
  check_shape_as(name, output, expected, least);
}

void check_lengths(const char* name, const Output& output) { check_shape_as(name, output, output.shape, 0); }

}  // namespace gcv
