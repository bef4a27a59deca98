#pragma once

namespace gcv {

/// Round a number under 2^22 to a whole one, halves to even: adding 1.5 * 2^23 leaves no bits for a fraction. Library
/// functions are calls on processors without SSE4.1, and loops with them stay scalar.
inline float round_even(float number) {
  constexpr float kNoFraction = 3 << 22;
  return (number + kNoFraction) - kNoFraction;
}

}  // namespace gcv
