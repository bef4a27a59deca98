#include <cstdio>
#include <exception>

#include "check.h"

std::vector<check::Test>& check::tests() {
  static std::vector<Test> all;
  return all;
}

// Runs the tests of the topics given, or all.
int main(int count, char** topics) {
  int run = 0, failed = 0;
  for (const check::Test& test : check::tests()) {
    bool wanted = count == 1;
    for (int i = 1; i < count; ++i) wanted = wanted || test.topic == topics[i];
    if (!wanted) continue;
    ++run;
    try {
      test.run();
    } catch (const std::exception& error) {
      ++failed;
      std::printf("FAILED %s: %s\n", test.name.c_str(), error.what());
    }
  }
  std::printf("%d tests, %d failed\n", run, failed);
  return run > 0 && failed == 0 ? 0 : 1;
}
