#include "engine.h"

#include <algorithm>
#include <sstream>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

constexpr std::size_t kLongestMessage = 300;

/// More than any machine has use for; engines take memory for each stream.
constexpr int kMost = 1024;

bool begins_with(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

std::string strip(const std::string& text) {
  constexpr const char* kSpace = " \t\r\v\f";
  const std::size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string join_shape(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t length : shape) {
    text += (text.empty() ? "" : ",") + (length < 0 ? "?" : std::to_string(length));
  }
  return text;
}

std::int64_t choose_batch(const std::string& path, std::int64_t found, std::int64_t wanted) {
  if (found >= 0 && wanted != 0 && wanted != found) {
    throw UnsupportedError(path + ": found batch " + std::to_string(found) + ", expected " + std::to_string(wanted) +
                           ": export with --dynamic-batch for other sizes");
  }
  return found > 0 ? found : std::max<std::int64_t>(wanted, 1);
}

void check_open_shape(const std::string& path, const std::vector<std::int64_t>& shape) {
  if (shape.size() == 4 && shape[0] == 1 && shape[1] > 0 && shape[2] < 0 && shape[3] < 0) return;
  throw FormatError(path, "input: found shape [" + join_shape(shape) +
                              "], expected [1,C,?,?]: metadata key 'gcv_edge short_side' says that H and W are open");
}

/// Boil an engine's message down to the line that says what is wrong.
std::string one_line(const std::exception& error) {
  std::istringstream lines(error.what());
  std::string told, line;
  while (std::getline(lines, line)) {
    line = strip(line);
    if (line.empty() || begins_with(line, "Exception from ") || begins_with(line, "Check '")) continue;
    told += (told.empty() ? "" : " ") + line;
  }
  return told.empty() ? "unknown error" : told.substr(0, kLongestMessage);
}

/// Engines wrap what their parts throw, and keep the text alone.
bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  const std::string text = error.what();
  const char* const signs[] = {"bad_alloc",         "bad allocation",
                               "out of memory",     "Cannot allocate memory",
                               "ailed to allocate", "Resource temporarily unavailable"};
  return std::any_of(std::begin(signs), std::end(signs),
                     [&](const char* sign) { return text.find(sign) != std::string::npos; });
}

/// A thread that cannot be made is mostly its stack that has no room.
void refuse_lack_of_memory(const std::string& path, const std::string& what, const std::exception& error) {
  if (!is_out_of_memory(error)) return;
  throw MemoryError(path + ": " + what + ": out of memory (" + one_line(error) + ")");
}

void check_count(const char* name, int found) {
  if (found >= 0 && found <= kMost) return;
  throw ArgumentError(std::string(name) + ": found " + std::to_string(found) + ", expected a whole number from 1 to " +
                      std::to_string(kMost) + ", or 0");
}

/// A number that was cast to an enumeration need not be in it.
template <typename Enum>
void check_choice(const char* name, Enum found, Enum last) {
  const int number = static_cast<int>(found);
  if (number >= 0 && number <= static_cast<int>(last)) return;
  throw ArgumentError(std::string(name) + ": found " + std::to_string(number) + ", expected 0 to " +
                      std::to_string(static_cast<int>(last)));
}

}  // namespace

void check_common_options(const Options& options) {
  check_choice("precision", options.precision, Precision::automatic);
  check_choice("hint", options.hint, Hint::throughput);
  check_count("threads", options.threads);
  check_count("streams", options.streams);
  check_count("requests", options.requests);
}

std::vector<std::int64_t> fix_shape(const Opening& opening, const std::vector<std::int64_t>& found, bool is_only) {
  const std::string& path = opening.source.name();
  if (opening.open == OpenLengths::height_and_width) {
    check_open_shape(path, found);
    return found;
  }
  const bool has_open = found.size() > 1 && std::count(found.begin() + 1, found.end(), -1) > 0;
  if (found.size() < 2 || has_open || (found[0] < 0 && !is_only)) {
    throw FormatError(path, "input: found shape [" + join_shape(found) + "], expected [N,C,H,W] with fixed H and W");
  }
  std::vector<std::int64_t> fixed = found;
  fixed[0] = choose_batch(path, found[0], is_only ? opening.batch : 0);
  return fixed;
}

void throw_engine_error(const std::string& path, const std::string& what, const std::exception& error) {
  refuse_lack_of_memory(path, what, error);
  throw EngineError(path + ": " + what + ": " + one_line(error));
}

void throw_model_error(const std::string& path, const std::string& what, const std::exception& error) {
  refuse_lack_of_memory(path, what, error);
  throw FormatError(path, what + ": " + one_line(error));
}

}  // namespace gcv
