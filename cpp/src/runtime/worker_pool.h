#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gcv {

class JobQueue;

/// Threads that do jobs in the order they come; the first job starts them. At its end, what is queued is done.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Queue a job, which must not throw.
  void add(std::function<void()> job);

 private:
  const int size_;
  std::shared_ptr<JobQueue> queue_;
  std::mutex starting_;
  std::vector<std::thread> threads_;
};

}  // namespace gcv
