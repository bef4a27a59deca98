#include "arguments.h"

#include <algorithm>
#include <cstdlib>

#include "gcv_edge/error.h"

const std::vector<std::string> kEngineOptions{"--engine", "--threads", "--streams", "--precision", "--hint"};

namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& found, const std::string& expected) {
  throw gcv::ArgumentError(option + ": found '" + found + "', expected " + expected);
}

}  // namespace

Arguments::Arguments(int count, char** words, const std::vector<std::string>& known) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word.rfind("--", 0) != 0) {
      words_.push_back(word);
    } else if (std::find(known.begin(), known.end(), word) == known.end() &&
               std::find(kEngineOptions.begin(), kEngineOptions.end(), word) == kEngineOptions.end()) {
      throw gcv::ArgumentError(word + ": no such option");
    } else if (++i == count) {
      throw gcv::ArgumentError(word + ": a value is missing");
    } else {
      options_[word] = words[i];
    }
  }
}

std::string Arguments::text(const std::string& option, const std::string& otherwise) const {
  const auto found = options_.find(option);
  return found == options_.end() ? otherwise : found->second;
}

double Arguments::number(const std::string& option, double otherwise) const {
  const auto found = options_.find(option);
  if (found == options_.end()) return otherwise;
  char* end = nullptr;
  const double value = std::strtod(found->second.c_str(), &end);
  if (found->second.empty() || *end != '\0') refuse(option, found->second, "a number");
  return value;
}

gcv::Options Arguments::engine() const {
  gcv::Options options;
  options.engine = text("--engine", "");
  options.threads = static_cast<int>(number("--threads", 0));
  options.streams = static_cast<int>(number("--streams", 0));
  const std::string precision = text("--precision", "f32"), hint = text("--hint", "latency");
  if (precision == "bf16") {
    options.precision = gcv::Precision::bf16;
  } else if (precision == "auto") {
    options.precision = gcv::Precision::automatic;
  } else if (precision != "f32") {
    refuse("--precision", precision, "f32, bf16 or auto");
  }
  if (hint == "throughput") {
    options.hint = gcv::Hint::throughput;
  } else if (hint != "latency") {
    refuse("--hint", hint, "latency or throughput");
  }
  return options;
}
