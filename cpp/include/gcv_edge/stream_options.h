#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "gcv_edge/error.h"
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

/// A function that takes what a stream gives, and may return false (what converts to it) to end it, or nothing.
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
    using Returned = std::invoke_result_t<F&, Given...>;
    static_assert(std::is_void_v<Returned> || std::is_constructible_v<bool, Returned>,
                  "take: expected a function that returns bool or nothing");
    constexpr bool kMayBeEmpty = std::is_constructible_v<bool, F&> && !std::is_convertible_v<F&, bool>;
    if constexpr (std::is_pointer_v<F> || kMayBeEmpty) {
      if (!static_cast<bool>(take)) throw ArgumentError("take: found an empty function, expected one to call");
    }
    return [take = std::move(take)](Given... given) mutable {
      if constexpr (std::is_void_v<Returned>) {
        take(std::forward<Given>(given)...);
        return true;
      } else {
        return static_cast<bool>(take(std::forward<Given>(given)...));
      }
    };
  }

  Call call_;
};

}  // namespace gcv
