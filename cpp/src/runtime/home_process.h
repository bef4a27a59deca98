#pragma once

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "gcv_edge/error.h"

namespace gcv {

/// The process that something with threads was made in. After a fork the threads stay behind: it can neither be used
/// nor destroyed, as both would wait for them.
class HomeProcess {
 public:
  bool is_left() const { return getpid() != id_; }

  /// Throws ForkError in another process. `what` was done at home: "the network was opened".
  void check(const char* what, const std::string& path = {}) const {
    if (!is_left()) return;
    throw ForkError(path + (path.empty() ? "" : ": ") + what +
                    " before this process was forked, and its threads stayed behind: fork before the first " +
                    "network is opened, or start a program in the child");
  }

 private:
  pid_t id_ = getpid();
};

/// Owns something with threads; in another process than its own it leaves it alone.
template <typename T>
class HomeBound {
 public:
  template <typename... A>
  explicit HomeBound(A&&... arguments) : owned_(std::make_unique<T>(std::forward<A>(arguments)...)) {}
  ~HomeBound() {
    if (home_.is_left()) static_cast<void>(owned_.release());
  }
  HomeBound(const HomeBound&) = delete;
  HomeBound& operator=(const HomeBound&) = delete;

  const HomeProcess& home() const { return home_; }
  T* operator->() const { return owned_.get(); }
  T& operator*() const { return *owned_; }

 private:
  HomeProcess home_;
  std::unique_ptr<T> owned_;
};

}  // namespace gcv
