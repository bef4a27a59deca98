#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "gcv_edge/frame.h"

namespace gcv {

/// Frames on their way: one thread reads them, several work on them, one takes the results in order.
///
/// At most `limit` frames are anywhere between being read and being taken.
class FrameLine {
 public:
  /// A frame and, once it is done, the work's error if there was one.
  struct Item {
    Frame frame;
    std::shared_ptr<void> result;
    std::exception_ptr error;
    bool is_done = false;
  };
  using Work = std::function<std::shared_ptr<void>(const Frame&)>;

  /// Starts the threads; `read` and `work` must outlive this.
  FrameLine(const FrameSource& read, const Work& work, int workers, std::size_t read_ahead);

  /// Stops and joins them.
  ~FrameLine();
  FrameLine(const FrameLine&) = delete;
  FrameLine& operator=(const FrameLine&) = delete;

  /// The oldest frame once it is done; none at the end. Throws what reading or work threw.
  std::shared_ptr<Item> take();

 private:
  void read_all();
  void read_until_end();
  void work_all();
  bool put(Frame frame);
  std::shared_ptr<Item> next_job();
  void finish(Item& item);
  void stop();

  const FrameSource& read_;
  const Work& work_;
  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Item>> line_;  ///< in order, until taken
  std::deque<std::shared_ptr<Item>> jobs_;  ///< not yet begun
  std::exception_ptr read_error_;
  bool has_ended_ = false;
  bool is_stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gcv
