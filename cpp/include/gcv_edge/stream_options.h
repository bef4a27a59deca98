#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "gcv_edge/export.h"

namespace gcv {

class CancellationState;

/// Ends streams from outside. Copies stand for the same.
class GCV_EDGE_API Cancellation {
 public:
  Cancellation();

  /// End the streams that have it, those that begin later too, even while their read blocks. From any thread, but not
  /// from a signal handler.
  void request() const;

  bool is_requested() const;

 private:
  friend class CancellationWatch;
  std::shared_ptr<CancellationState> state_;
};

/// How frames are streamed.
struct StreamOptions {
  Cancellation cancellation = {};  // NOLINT(readability-redundant-member-init): GCC wants it

  /// Run on the newest frame: one that waits while a newer one is read is dropped. Else reading waits.
  bool newest = false;
};

/// What became of a stream's frames.
struct StreamCounts {
  std::int64_t taken = 0;    ///< frames whose result take() was called with
  std::int64_t dropped = 0;  ///< frames that a newer one took the place of
  bool is_cancelled = false;
};

/// A function that takes what a stream gives, and may return false to end it. It may return nothing, too.
template <typename... Given>
class Taker {
 public:
  template <typename F, typename = std::enable_if_t<std::is_invocable_v<F&, Given...> && !std::is_same_v<F, Taker>>>
  Taker(F take) : call_(adapt(std::move(take))) {}  // NOLINT(misc-explicit-constructor): a function is one

  bool operator()(Given... given) const { return call_(std::forward<Given>(given)...); }

 private:
  using Call = std::function<bool(Given...)>;

  template <typename F>
  static Call adapt(F take) {
    if constexpr (std::is_same_v<std::invoke_result_t<F&, Given...>, bool>) {
      return Call(std::move(take));
    } else {
      return [take = std::move(take)](Given... given) mutable {
        take(std::forward<Given>(given)...);
        return true;
      };
    }
  }

  Call call_;
};

}  // namespace gcv
