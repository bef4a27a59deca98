#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

/// Reads values off a fuzzer's bytes; zeros once they are used up.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  template <typename T>
  T take() {
    T value{};
    const std::size_t count = std::min(sizeof value, left_);
    if (count > 0) std::memcpy(&value, data_, count);
    data_ += count;
    left_ -= count;
    return value;
  }

  /// A number from low to high.
  int between(int low, int high) { return low + take<std::uint8_t>() % (high - low + 1); }

  /// A number that is often an odd one.
  float number() {
    using Limits = std::numeric_limits<float>;
    constexpr float kOdd[] = {0,
                              -0.0f,
                              0.5f,
                              1,
                              -1,
                              Limits::infinity(),
                              -Limits::infinity(),
                              Limits::quiet_NaN(),
                              Limits::max(),
                              Limits::denorm_min(),
                              2147483648.0f,
                              -2147483904.0f};
    const int kind = between(0, 15);
    return kind < 12 ? kOdd[kind] : take<float>();
  }

  bool is_empty() const { return left_ == 0; }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};
