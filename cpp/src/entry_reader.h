#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/metadata.h"

namespace gcv {

/// Typed access to metadata strings; every error names file, key, value found and value expected.
class EntryReader {
 public:
  EntryReader(const Metadata& entries, const std::string& path) : entries_(entries), path_(path) {}

  bool has(const char* key) const { return entries_.count(key) != 0; }

  /// A required value, or an optional one.
  const std::string& text(const char* key) const;
  std::string text_or(const char* key, const char* otherwise) const;

  /// Several finite numbers, or one.
  std::vector<double> numbers(const char* key, std::size_t count) const;
  std::size_t count_words(const char* key) const;
  double number(const char* key) const { return numbers(key, 1)[0]; }

  /// One whole number or more; a bound where `low` <= `high`.
  std::vector<std::int64_t> integers(const char* key, std::int64_t low = 1, std::int64_t high = 0) const;
  std::int64_t integer(const char* key, std::int64_t low = 1, std::int64_t high = 0) const;

  /// YES or NO.
  bool flag(const char* key) const { return choice(key, {"YES", "NO"}) == "YES"; }

  const std::string& choice(const char* key, const std::vector<const char*>& choices) const;

  [[noreturn]] void fail(const char* key, const std::string& expected) const;

 private:
  const Metadata& entries_;
  const std::string& path_;
};

/// Names, one per line; in them, \n is a line's end and \\ a backslash.
std::vector<std::string> split_names(const std::string& text);

/// Spell a text as Python's repr does; all but its first 57 characters become "..." where it has over 60.
std::string quote(const std::string& text);

}  // namespace gcv
