#include "streaming.h"

#include <utility>

namespace gcv {

FrameLine::FrameLine(const FrameSource& read, const Work& work, int workers, std::size_t read_ahead)
    : read_(read), work_(work), limit_(static_cast<std::size_t>(workers) + read_ahead) {
  threads_.reserve(static_cast<std::size_t>(workers) + 1);
  try {
    threads_.emplace_back([this] { read_all(); });
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work_all(); });
  } catch (...) {
    stop();
    throw;
  }
}

FrameLine::~FrameLine() { stop(); }

void FrameLine::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void FrameLine::read_all() {
  std::exception_ptr error;
  try {
    read_until_end();
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::scoped_lock lock(mutex_);
    read_error_ = error;
    has_ended_ = true;
  }
  changed_.notify_all();
}

void FrameLine::read_until_end() {
  for (std::int64_t index = 0;; ++index) {
    Frame frame;
    if (!read_(frame)) return;
    frame.index = index;
    if (!put(std::move(frame))) return;
  }
}

/// False where the line was stopped.
bool FrameLine::put(Frame frame) {
  auto item = std::make_shared<Item>();
  item->frame = std::move(frame);
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return is_stopped_ || line_.size() < limit_; });
    if (is_stopped_) return false;
    line_.push_back(item);
    jobs_.push_back(std::move(item));
  }
  changed_.notify_all();
  return true;
}

std::shared_ptr<FrameLine::Item> FrameLine::next_job() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return is_stopped_ || has_ended_ || !jobs_.empty(); });
  if (is_stopped_ || jobs_.empty()) return nullptr;
  std::shared_ptr<Item> job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void FrameLine::work_all() {
  while (const std::shared_ptr<Item> job = next_job()) finish(*job);
}

void FrameLine::finish(Item& item) {
  std::shared_ptr<void> result;
  std::exception_ptr error;
  try {
    result = work_(item.frame);
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::scoped_lock lock(mutex_);
    item.result = std::move(result);
    item.error = error;
    item.is_done = true;
  }
  changed_.notify_all();
}

std::shared_ptr<FrameLine::Item> FrameLine::take() {
  std::shared_ptr<Item> item;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return line_.empty() ? has_ended_ : line_.front()->is_done; });
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

}  // namespace gcv
