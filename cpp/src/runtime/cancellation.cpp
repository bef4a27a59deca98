#include "cancellation.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

namespace gcv {

/// What the copies of a Cancellation share.
class CancellationState {
 public:
  bool is_requested() const { return is_requested_; }

  void request() {
    const std::scoped_lock lock(mutex_);
    is_requested_ = true;
    for (const std::function<void()>* wake : watching_) (*wake)();
  }

  void add(const std::function<void()>* wake) {
    const std::scoped_lock lock(mutex_);
    watching_.push_back(wake);
  }

  void remove(const std::function<void()>* wake) {
    const std::scoped_lock lock(mutex_);
    watching_.erase(std::find(watching_.begin(), watching_.end(), wake));
  }

 private:
  std::atomic<bool> is_requested_{false};
  std::mutex mutex_;
  std::vector<const std::function<void()>*> watching_;
};

Cancellation::Cancellation() : state_(std::make_shared<CancellationState>()) {}

void Cancellation::request() const { state_->request(); }

bool Cancellation::is_requested() const { return state_->is_requested(); }

CancellationWatch::CancellationWatch(const Cancellation& cancellation, std::function<void()> wake)
    : state_(cancellation.state_), wake_(std::move(wake)) {
  state_->add(&wake_);
}

CancellationWatch::~CancellationWatch() { state_->remove(&wake_); }

}  // namespace gcv
