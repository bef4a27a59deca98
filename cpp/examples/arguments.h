#pragma once

#include <map>
#include <string>
#include <vector>

#include "gcv_edge/options.h"

/// A command line: words, and options as "--name value". Throws gcv::ArgumentError for an option that is not known.
class Arguments {
 public:
  Arguments(int count, char** words, const std::vector<std::string>& known);

  const std::vector<std::string>& words() const { return words_; }
  bool has(const std::string& option) const { return options_.count(option) != 0; }
  std::string text(const std::string& option, const std::string& otherwise) const;
  double number(const std::string& option, double otherwise) const;

  /// --engine, --threads, --streams, --precision and --hint.
  gcv::Options engine() const;

 private:
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
};

/// Options that engine() reads.
extern const std::vector<std::string> kEngineOptions;
