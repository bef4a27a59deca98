#include "worker_pool.h"

#include <condition_variable>
#include <deque>
#include <utility>

namespace gcv {

/// Jobs that wait; it outlives the pool where a job ends the pool.
class JobQueue {
 public:
  void add(std::function<void()> job) {
    {
      const std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      is_stopped_ = true;
    }
    changed_.notify_all();
  }

  void work() {
    while (const std::function<void()> job = next()) job();
  }

 private:
  /// Empty at the end.
  std::function<void()> next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return is_stopped_ || !jobs_.empty(); });
    if (jobs_.empty()) return {};
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool is_stopped_ = false;
};

WorkerPool::WorkerPool(int threads) : size_(threads), queue_(std::make_shared<JobQueue>()) {}

WorkerPool::~WorkerPool() {
  queue_->stop();
  for (std::thread& thread : threads_) {
    // The last job of a network that nobody else holds ends the network, and this with it.
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

void WorkerPool::add(std::function<void()> job) {
  {
    const std::scoped_lock lock(starting_);
    threads_.reserve(static_cast<std::size_t>(size_));
    while (static_cast<int>(threads_.size()) < size_) {
      threads_.emplace_back([queue = queue_] { queue->work(); });
    }
  }
  queue_->add(std::move(job));
}

}  // namespace gcv
