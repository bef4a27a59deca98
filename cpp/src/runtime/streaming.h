#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "cancellation.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/stream_options.h"
#include "home_process.h"

namespace gcv {

/// A frame on its way and, once it is done, the work's result, or its error.
struct StreamItem {
  Frame frame;
  std::shared_ptr<void> result;
  std::exception_ptr error;
  bool is_done = false;
};

/// How many frames are where.
struct StreamLimits {
  int workers;
  std::size_t read_ahead;
  bool newest;
};

/// Frames between being read and being taken, in order; shared by the threads that read them, work on them and take
/// them.
class FrameQueue {
 public:
  FrameQueue(const StreamLimits& limits, Cancellation cancellation)
      : limits_(limits), cancellation_(std::move(cancellation)) {}

  /// Whether another frame should be read.
  bool is_wanted();

  /// Queue a frame that was read; waits for room, or drops the one that waits. False where the stream is over.
  bool put(Frame frame);

  /// Nothing more is read.
  void end(std::exception_ptr error);

  /// The next frame to work on; none where the stream is over.
  std::shared_ptr<StreamItem> next_job();
  void finish(StreamItem& item, std::shared_ptr<void> result, std::exception_ptr error);

  /// The oldest frame once it is done; none at the end. Throws what reading or work threw.
  std::shared_ptr<StreamItem> take();

  void stop();
  void wake();

  /// Wait until reading has ended; false where the stream was cancelled before.
  bool wait_for_reader();
  std::int64_t dropped() const { return dropped_; }

 private:
  bool is_over() const { return is_stopped_ || cancellation_.is_requested(); }
  bool has_room() const;
  bool has_job() const;

  const StreamLimits limits_;
  const Cancellation cancellation_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<StreamItem>> line_;  ///< in order, until taken
  std::deque<std::shared_ptr<StreamItem>> jobs_;  ///< not yet begun: the end of the line
  std::exception_ptr read_error_;
  std::int64_t dropped_ = 0;
  bool has_ended_ = false;
  bool is_stopped_ = false;
};

/// A stream under way: one thread reads frames, several work on them, the caller takes the results.
class FrameLine {
 public:
  using Work = std::function<std::shared_ptr<void>(const Frame&)>;

  /// Starts the threads; `work` must outlive this.
  FrameLine(const FrameSource& read, const Work& work, const StreamLimits& limits, const StreamOptions& options);

  /// Ends the stream, and waits for the threads: for one that reads only if the stream was not cancelled.
  ~FrameLine();
  FrameLine(const FrameLine&) = delete;
  FrameLine& operator=(const FrameLine&) = delete;

  /// As FrameQueue's. Throws ForkError in a process that was forked since.
  std::shared_ptr<StreamItem> take();

  std::int64_t dropped() const { return parts_->queue->dropped(); }

 private:
  struct Parts {
    Parts(const StreamLimits& limits, const Cancellation& cancellation);
    std::shared_ptr<FrameQueue> queue;
    CancellationWatch watch;
    std::thread reader;
    std::vector<std::thread> workers;
  };

  void stop();

  HomeBound<Parts> parts_;
};

}  // namespace gcv
