#include "thread_crew.h"

#include <pthread.h>
#include <sched.h>

#include <utility>

namespace gcv {

ThreadCrew::ThreadCrew(int helpers) {
  helpers_.reserve(static_cast<std::size_t>(helpers));
  try {
    for (int i = 0; i < helpers; ++i) helpers_.emplace_back([this] { help(); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadCrew::~ThreadCrew() { stop(); }

void ThreadCrew::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  begun_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
  helpers_.clear();
}

void ThreadCrew::work(int parts, const std::function<void(int)>& part) {
  const std::unique_lock<std::mutex> job(one_job_, std::try_to_lock);
  if (!job) {
    for (int i = 0; i < parts; ++i) part(i);
    return;
  }
  stay_clear();
  {
    const std::scoped_lock lock(mutex_);
    part_ = &part;
    parts_ = parts;
    next_ = 0;
    ++job_;
  }
  begun_.notify_all();
  work_on_parts(part, parts);
  std::unique_lock<std::mutex> lock(mutex_);
  part_ = nullptr;
  left_.wait(lock, [this] { return inside_ == 0; });
  if (const std::exception_ptr error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
}

// Right after an inference no core is idle, as OpenVINO's threads go on looking for work for a moment. A helper is then
// woken on the core where it last was: on the caller's it would wait for the caller, and to it the others yield.
void ThreadCrew::stay_clear() {
  const int core = sched_getcpu();
  if (core < 0 || core == avoided_) return;
  avoided_ = core;
  cpu_set_t cores;
  if (pthread_getaffinity_np(pthread_self(), sizeof cores, &cores) != 0 || CPU_COUNT(&cores) < 2) return;
  CPU_CLR(static_cast<std::size_t>(core), &cores);
  for (std::thread& helper : helpers_) pthread_setaffinity_np(helper.native_handle(), sizeof cores, &cores);
}

void ThreadCrew::help() {
  std::uint64_t last = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    begun_.wait(lock, [&] { return is_stopped_ || (part_ != nullptr && job_ != last); });
    if (is_stopped_) return;
    last = job_;
    ++inside_;
    const auto& part = *part_;
    const int parts = parts_;
    lock.unlock();
    work_on_parts(part, parts);
    lock.lock();
    if (--inside_ == 0) left_.notify_one();
  }
}

void ThreadCrew::work_on_parts(const std::function<void(int)>& part, int parts) {
  for (int i = next_++; i < parts; i = next_++) {
    try {
      part(i);
    } catch (...) {
      keep(std::current_exception());
    }
  }
}

void ThreadCrew::keep(std::exception_ptr error) {
  const std::scoped_lock lock(mutex_);
  if (!error_) error_ = std::move(error);
}

}  // namespace gcv
