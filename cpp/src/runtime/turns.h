#pragma once

#include <condition_variable>
#include <mutex>

namespace gcv {

/// Lets a number of threads at a time do something; others wait.
class Turns {
 public:
  explicit Turns(int count) : left_(count) {}

  /// A turn, from now to the end of its life; waits for one. Of none (null) there is always one.
  class Turn {
   public:
    explicit Turn(Turns* turns) : turns_(turns) {
      if (turns_ != nullptr) turns_->begin();
    }
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns* turns_;
  };

 private:
  void begin() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return left_ > 0; });
    --left_;
  }

  void end() {
    {
      const std::scoped_lock lock(mutex_);
      ++left_;
    }
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int left_;
};

}  // namespace gcv
