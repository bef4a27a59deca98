#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "crew.h"

namespace gcv {

/// A crew whose helpers sleep between jobs, and work on other cores than the caller's. It does one job at a time: who
/// comes meanwhile works alone.
class ThreadCrew : public Crew {
 public:
  explicit ThreadCrew(int helpers);
  ~ThreadCrew() override;
  ThreadCrew(const ThreadCrew&) = delete;
  ThreadCrew& operator=(const ThreadCrew&) = delete;

  int size() const override { return static_cast<int>(helpers_.size()) + 1; }
  void work(int parts, const std::function<void(int)>& part) override;

 private:
  void stay_clear();
  void help();
  void work_on_parts(const std::function<void(int)>& part, int parts);
  void keep(std::exception_ptr error);
  void stop();

  std::mutex one_job_;
  int avoided_ = -1;  ///< core that helpers keep off, the last caller's
  std::mutex mutex_;
  std::condition_variable begun_, left_;
  const std::function<void(int)>* part_ = nullptr;  ///< of the job under way
  int parts_ = 0;
  std::atomic<int> next_{0};
  std::uint64_t job_ = 0;  ///< number of the job, so that no helper takes it up again
  int inside_ = 0;         ///< helpers at work
  bool is_stopped_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> helpers_;
};

}  // namespace gcv
