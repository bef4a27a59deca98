#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "request.h"

namespace gcv {

/// Requests that are lent to threads: as many as ever ran at once, or at most a number, for which others wait.
class RequestPool {
 public:
  using Make = std::function<std::unique_ptr<Request>()>;

  /// `most` requests are made at once; 0 for as many as are asked for, when they are.
  RequestPool(Make make, int most);

  std::unique_ptr<Request> take();
  void give_back(std::unique_ptr<Request> request);

 private:
  Make make_;
  bool is_limited_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Request>> idle_;
  std::size_t made_ = 0;
};

}  // namespace gcv
