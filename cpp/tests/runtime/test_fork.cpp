#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "../check.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/error.h"
#include "networks.h"
#include "sanitized.h"

// A process that was forked after a network was opened.
namespace {

constexpr unsigned kMostSeconds = 30;

/// Status of a child that does something, and is killed if it hangs.
int status_of_child(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kMostSeconds);
    try {
      work();
    } catch (const std::exception& error) {
      std::printf("in the child: %s\n", error.what());
      std::fflush(stdout);
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST(fork, a_child_can_end_a_network_but_not_run_it) {
  auto* const detector = new gcv::Detector(network("detection"));
  const Solid red(255, 0, 0);
  detector->run(red.view);
  detector->run_async({red.view}).get();
  CHECK(status_of_child([&] {
          const char* text = "the network was opened before this process was forked";
          CHECK_ERROR(gcv::ForkError, text, detector->run(red.view));
          CHECK_ERROR(gcv::ForkError, text, detector->run_batch({red.view, red.view}));
          CHECK_ERROR(gcv::ForkError, text, detector->run_async({red.view}));
          CHECK_ERROR(gcv::ForkError, " was used before this process was forked", gcv::Detector(network("detection")));
          CHECK(detector->labels().size() == 3);
          delete detector;
        }) == 0);
  CHECK(detector->run(red.view).size() == 2);
  delete detector;
}

TEST(fork, a_stream_ends_in_the_child_of_a_frame) {
  const gcv::Detector detector(network("detection"));
  const Solid red(255, 0, 0);
  int left = 8, status = -1;
  const auto read = [&](gcv::Frame& frame) {
    frame.image = red.view;
    return left-- > 0;
  };
  bool is_child = false;
  const auto take = [&](const gcv::Frame& /*frame*/, gcv::Result&& /*result*/) {
    if (status >= 0) return true;
    const pid_t child = fork();
    is_child = child == 0;
    if (is_child) alarm(kMostSeconds);
    if (!is_child) waitpid(child, &status, 0);
    return true;
  };
  try {
    detector.stream(read, take);
  } catch (const gcv::ForkError&) {
    if (is_child) _exit(0);
    throw;
  }
  if (is_child) _exit(1);
  CHECK(status == 0);
}

TEST(fork, a_child_may_exit) {
  if (kIsSanitized) return;
  const gcv::Detector detector(network("detection"));
  CHECK(status_of_child([] { std::exit(0); }) == 0);
}
