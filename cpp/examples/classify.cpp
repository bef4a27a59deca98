// Says what pictures show: a line of JSON with the five most probable classes each.

#include <cstdio>
#include <exception>

#include "arguments.h"
#include "gcv_edge/classifier.h"
#include "gcv_edge/error.h"
#include "json.h"
#include "sources.h"

int main(int count, char** words) {
  try {
    const Arguments arguments(count, words, {});
    if (arguments.words().size() < 2) {
      std::fprintf(stderr, "usage: classify MODEL INPUT... [--threads N] [--hint latency|throughput]\nINPUT: %s\n",
                   describe_inputs());
      return 2;
    }
    const gcv::Classifier classifier(arguments.words()[0], arguments.engine());
    const std::vector<std::string> inputs(arguments.words().begin() + 1, arguments.words().end());
    classifier.stream(open_source(inputs), [](const gcv::Frame& frame, gcv::Classification&& found) {
      std::puts(to_json(frame, found).c_str());
    });
    return 0;
  } catch (const gcv::ArgumentError& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "Error: %s\n", error.what());
    return 1;
  }
}
