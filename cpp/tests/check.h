#pragma once

#include <cstddef>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

// A test is a function that throws where something is wrong:  TEST(topic, name) { CHECK(1 + 1 == 2); }
namespace check {

struct Test {
  std::string topic, name;
  std::function<void()> run;
};

std::vector<Test>& tests();

struct Register {
  Register(const char* topic, const char* name, std::function<void()> run) {
    tests().push_back({topic, name, std::move(run)});
  }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

/// Throws unless two ranges hold the same values; NaN equals NaN.
template <typename A, typename B>
void equal(const A& found, const B& expected, const char* file, int line) {
  if (found.size() != expected.size()) {
    fail(file, line, "found " + std::to_string(found.size()) + " values, expected " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto a = static_cast<double>(found[i]), b = static_cast<double>(expected[i]);
    if (a == b || (a != a && b != b)) continue;
    std::ostringstream text;
    text << "value " << i << ": found " << std::hexfloat << a << ", expected " << b;
    fail(file, line, text.str());
  }
}

/// Text of the error that a call throws; fails if it throws none.
template <typename Error>
std::string error_of(const std::function<void()>& call, const char* file, int line) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  fail(file, line, "no error was thrown");
}

}  // namespace check

#define TEST(topic, name)                                            \
  static void name();                                                \
  static const check::Register register_##name(#topic, #name, name); \
  static void name()
#define CHECK(condition) \
  if (!(condition)) check::fail(__FILE__, __LINE__, #condition)
#define CHECK_EQUAL(found, expected) check::equal(found, expected, __FILE__, __LINE__)
#define CHECK_ERROR(Error, text, ...)                                                                         \
  do {                                                                                                        \
    const std::string message = check::error_of<Error>([&] { __VA_ARGS__; }, __FILE__, __LINE__);             \
    if (message.find(text) == std::string::npos) check::fail(__FILE__, __LINE__, "the error is: " + message); \
  } while (false)
