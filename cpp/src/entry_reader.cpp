#include "entry_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

std::vector<std::string_view> split_words(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
  std::vector<std::string_view> words;
  for (std::size_t end = 0; end < text.size();) {
    const std::size_t begin = text.find_first_not_of(kSpace, end);
    if (begin == std::string_view::npos) break;
    end = std::min(text.find_first_of(kSpace, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
  }
  return words;
}

std::string_view drop_plus(std::string_view word) {
  return word.size() > 1 && word[0] == '+' && word[1] != '-' ? word.substr(1) : word;
}

bool read_number(std::string_view word, double& value) {
  const std::string_view digits = drop_plus(word);
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  return error == std::errc() && stop == end && std::abs(value) <= std::numeric_limits<float>::max();
}

/// A number beyond 64 bits becomes the nearest that has them.
bool read_integer(std::string_view word, std::int64_t& value) {
  const std::string_view digits = drop_plus(word);
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error == std::errc::result_out_of_range) {
    using Limits = std::numeric_limits<std::int64_t>;
    value = digits[0] == '-' ? Limits::min() : Limits::max();
    return stop == end;
  }
  return error == std::errc() && stop == end;
}

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

/// The first characters of UTF-8 text.
std::string_view first_characters(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (starts_character(text[i]) && count-- == 0) return text.substr(0, i);
  }
  return text;
}

std::string escape(char byte, char mark) {
  if (byte == mark || byte == '\\') return {'\\', byte};
  if (byte == '\n') return "\\n";
  if (byte == '\r') return "\\r";
  if (byte == '\t') return "\\t";
  const auto code = static_cast<unsigned char>(byte);
  if (code >= 0x20 && code != 0x7f) return {byte};
  constexpr const char* kDigits = "0123456789abcdef";
  return {'\\', 'x', kDigits[code >> 4], kDigits[code & 15]};
}

}  // namespace

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  if (text.empty()) return names;
  names.emplace_back();
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\n') {
      names.emplace_back();
    } else if (text[i] == '\\' && (next == 'n' || next == '\\')) {
      names.back() += next == 'n' ? '\n' : '\\';
      ++i;
    } else {
      names.back() += text[i];
    }
  }
  return names;
}

std::string quote(const std::string& text) {
  const bool is_long = first_characters(text, 60).size() < text.size();
  const std::string shown = is_long ? std::string(first_characters(text, 57)) + "..." : text;
  const bool has_single = shown.find('\'') != std::string::npos, has_double = shown.find('"') != std::string::npos;
  const char mark = has_single && !has_double ? '"' : '\'';
  std::string quoted(1, mark);
  for (const char byte : shown) quoted += escape(byte, mark);
  return quoted + mark;
}

const std::string& EntryReader::text(const char* key) const {
  const auto found = entries_.find(key);
  if (found != entries_.end()) return found->second;
  throw MetadataError(path_, "metadata key '" + std::string(key) +
                                 "' is missing: this file was not written by gcv-edge (gcv-edge export " + path_ +
                                 " --task ... adopts a foreign ONNX file)");
}

std::string EntryReader::text_or(const char* key, const char* otherwise) const {
  return has(key) ? text(key) : otherwise;
}

std::size_t EntryReader::count_words(const char* key) const { return split_words(text(key)).size(); }

std::vector<double> EntryReader::numbers(const char* key, std::size_t count) const {
  const std::vector<std::string_view> words = split_words(text(key));
  std::vector<double> values(words.size());
  bool sound = words.size() == count;
  for (std::size_t i = 0; i < words.size() && sound; ++i) sound = read_number(words[i], values[i]);
  if (!sound) fail(key, std::to_string(count) + " finite number" + (count > 1 ? "s" : ""));
  return values;
}

std::vector<std::int64_t> EntryReader::integers(const char* key, std::int64_t low, std::int64_t high) const {
  const std::vector<std::string_view> words = split_words(text(key));
  std::vector<std::int64_t> values(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!read_integer(words[i], values[i])) fail(key, "a whole number");
  }
  const bool is_bound = low <= high;
  const auto is_outside = [&](std::int64_t value) { return is_bound && (value < low || value > high); };
  if (values.empty() || std::any_of(values.begin(), values.end(), is_outside)) {
    const std::string range = " from " + std::to_string(low) + " to " + std::to_string(high);
    fail(key, "a whole number" + (is_bound ? range : ""));
  }
  return values;
}

std::int64_t EntryReader::integer(const char* key, std::int64_t low, std::int64_t high) const {
  const std::vector<std::int64_t> values = integers(key, low, high);
  if (values.size() > 1) fail(key, "a whole number");
  return values[0];
}

const std::string& EntryReader::choice(const char* key, const std::vector<const char*>& choices) const {
  const std::string& found = text(key);
  std::string names;
  for (const char* name : choices) {
    if (found == name) return found;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  fail(key, "one of " + names);
}

void EntryReader::fail(const char* key, const std::string& expected) const {
  throw MetadataError(path_,
                      "metadata key '" + std::string(key) + "': found " + quote(text(key)) + ", expected " + expected);
}

}  // namespace gcv
