#pragma once

#include <functional>

#include "gcv_edge/stream_options.h"

namespace gcv {

/// Calls a function when a cancellation is requested, as long as it lives. The function may be called from any thread;
/// it must neither throw nor end the watch.
class CancellationWatch {
 public:
  CancellationWatch(const Cancellation& cancellation, std::function<void()> wake);
  ~CancellationWatch();
  CancellationWatch(const CancellationWatch&) = delete;
  CancellationWatch& operator=(const CancellationWatch&) = delete;

 private:
  std::shared_ptr<CancellationState> state_;
  std::function<void()> wake_;
};

}  // namespace gcv
