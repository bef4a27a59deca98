#include "request_pool.h"

#include <utility>

namespace gcv {

RequestPool::RequestPool(Make make, int most) : make_(std::move(make)), is_limited_(most > 0) {
  idle_.reserve(static_cast<std::size_t>(most));
  for (int i = 0; i < most; ++i) idle_.push_back(make_());
}

std::unique_ptr<Request> RequestPool::take() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (is_limited_) given_back_.wait(lock, [this] { return !idle_.empty(); });
    if (!idle_.empty()) {
      std::unique_ptr<Request> request = std::move(idle_.back());
      idle_.pop_back();
      return request;
    }
    idle_.reserve(++made_);  // giving back must not fail
  }
  return make_();
}

void RequestPool::give_back(std::unique_ptr<Request> request) {
  {
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(request));
  }
  given_back_.notify_one();
}

}  // namespace gcv
