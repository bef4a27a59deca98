#include "streaming.h"

#include <utility>

namespace gcv {
namespace {

void read_until_end(const FrameSource& read, FrameQueue& queue) {
  for (std::int64_t index = 0; queue.is_wanted(); ++index) {
    Frame frame;
    if (!read(frame)) return;
    frame.index = index;
    if (!queue.put(std::move(frame))) return;
  }
}

void read_all(const FrameSource& read, FrameQueue& queue) {
  std::exception_ptr error;
  try {
    read_until_end(read, queue);
  } catch (...) {
    error = std::current_exception();
  }
  queue.end(error);
}

void work_all(const FrameLine::Work& work, FrameQueue& queue) {
  while (const std::shared_ptr<StreamItem> job = queue.next_job()) {
    std::shared_ptr<void> result;
    std::exception_ptr error;
    try {
      result = work(job->frame);
    } catch (...) {
      error = std::current_exception();
    }
    queue.finish(*job, std::move(result), error);
  }
}

}  // namespace

bool FrameQueue::has_room() const {
  return limits_.newest || line_.size() < static_cast<std::size_t>(limits_.workers) + limits_.read_ahead;
}

/// A result that waits to be taken grows old: where the newest frame counts, no other is begun meanwhile.
bool FrameQueue::has_job() const {
  const std::size_t begun = line_.size() - jobs_.size();
  return !jobs_.empty() && (!limits_.newest || begun < static_cast<std::size_t>(limits_.workers));
}

bool FrameQueue::put(Frame frame) {
  auto item = std::make_shared<StreamItem>();
  item->frame = std::move(frame);
  std::shared_ptr<StreamItem> stale;  // ends when the lock is gone: it may call its owner
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return is_over() || has_room(); });
    if (is_over()) return false;
    if (limits_.newest && !jobs_.empty()) {
      stale = std::move(jobs_.back());
      jobs_.pop_back();
      line_.pop_back();
      ++dropped_;
    }
    line_.push_back(item);
    jobs_.push_back(std::move(item));
  }
  changed_.notify_all();
  return true;
}

void FrameQueue::end(std::exception_ptr error) {
  {
    const std::scoped_lock lock(mutex_);
    read_error_ = std::move(error);
    has_ended_ = true;
  }
  changed_.notify_all();
}

bool FrameQueue::is_wanted() {
  const std::scoped_lock lock(mutex_);
  return !is_over();
}

std::shared_ptr<StreamItem> FrameQueue::next_job() {
  std::shared_ptr<StreamItem> job;
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return is_over() || has_job() || (has_ended_ && jobs_.empty()); });
  if (is_over() || jobs_.empty()) return nullptr;
  job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void FrameQueue::finish(StreamItem& item, std::shared_ptr<void> result, std::exception_ptr error) {
  {
    const std::scoped_lock lock(mutex_);
    item.result = std::move(result);
    item.error = std::move(error);
    item.is_done = true;
  }
  changed_.notify_all();
}

std::shared_ptr<StreamItem> FrameQueue::take() {
  std::shared_ptr<StreamItem> item;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return is_over() || (line_.empty() ? has_ended_ : line_.front()->is_done); });
    if (is_over()) return nullptr;
    if (line_.empty()) {
      if (read_error_) std::rethrow_exception(read_error_);
      return nullptr;
    }
    item = std::move(line_.front());
    line_.pop_front();
  }
  changed_.notify_all();
  if (item->error) std::rethrow_exception(item->error);
  return item;
}

void FrameQueue::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
}

void FrameQueue::wake() {
  {
    const std::scoped_lock lock(mutex_);
  }  // who is about to wait has not seen the request
  changed_.notify_all();
}

bool FrameQueue::wait_for_reader() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return has_ended_ || cancellation_.is_requested(); });
  return has_ended_;
}

FrameLine::Parts::Parts(const StreamLimits& limits, const Cancellation& cancellation)
    : queue(std::make_shared<FrameQueue>(limits, cancellation)),
      watch(cancellation, [own = queue.get()] { own->wake(); }) {}

FrameLine::FrameLine(const FrameSource& read, const Work& work, const StreamLimits& limits,
                     const StreamOptions& options)
    : parts_(limits, options.cancellation) {
  if (!read) throw ArgumentError("read: found an empty function, expected one to call");
  const std::shared_ptr<FrameQueue> queue = parts_->queue;
  parts_->workers.reserve(static_cast<std::size_t>(limits.workers));
  try {
    parts_->reader = std::thread([read, queue] { read_all(read, *queue); });  // it may have to be left behind
    for (int i = 0; i < limits.workers; ++i) {
      parts_->workers.emplace_back([&work, queue] { work_all(work, *queue); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

FrameLine::~FrameLine() {
  if (!parts_.home().is_left()) stop();
}

void FrameLine::stop() {
  parts_->queue->stop();
  for (std::thread& worker : parts_->workers) worker.join();
  if (!parts_->reader.joinable()) return;
  if (parts_->queue->wait_for_reader()) {
    parts_->reader.join();
  } else {
    parts_->reader.detach();
  }
}

std::shared_ptr<StreamItem> FrameLine::take() {
  parts_.home().check("the stream was begun");
  return parts_->queue->take();
}

}  // namespace gcv
