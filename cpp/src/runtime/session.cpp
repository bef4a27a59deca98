#include "session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

using Clock = std::chrono::steady_clock;

/// What memory can feed: more threads make resizing no faster.
constexpr int kLargestCrew = 4;

std::string describe_seconds(Clock::time_point start) {
  char text[32];
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::snprintf(text, sizeof text, "%.2f s", seconds);
  return text;
}

std::string describe_threads(int threads, bool are_pinned) {
  return std::to_string(threads) + (are_pinned ? " pinned" : "") + (threads == 1 ? " thread" : " threads");
}

void tell(const Log& log, const std::string& line) {
  try {
    log(line);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log is not worth a failure
  }
}

}  // namespace

Session::Session(const ModelSource& source, const Options& options, std::int64_t batch, OpenLengths open)
    : path_(source.name()) {
  const Clock::time_point start = Clock::now();
  loaded_->network = find_engine(options).load({source, options, batch, open});
  EngineNetwork& network = *loaded_->network;
  const int threads = std::min(network.threads, kLargestCrew);
  if (network.streams == 1 && threads > 1) loaded_->crew = std::make_unique<ThreadCrew>(threads - 1);
  const auto make_request = [&network] { return std::make_unique<Request>(network.make_request(), network.outputs); };
  loaded_->pool = std::make_unique<RequestPool>(make_request, options.requests);
  if (!options.log) return;
  const std::string seconds = describe_seconds(start);
  const LoadingReport report = network.report();
  tell(options.log, path_ + ": opened for batch " + std::to_string(this->batch()) + " in " + seconds +
                        (report.is_from_cache ? " from the cache" : "") + ": " + engine() + " on " + options.device +
                        ", " + precision() + ", " + describe_threads(network.threads, report.are_threads_pinned) +
                        ", " + std::to_string(streams()) + " side by side");
}

RequestPool& Session::pool() {
  home().check("the network was opened", path_);
  return *loaded_->pool;
}

}  // namespace gcv
