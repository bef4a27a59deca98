#include "yuv.h"

#include <cmath>

namespace gcv {
namespace {

/// What a level of luma, or of chroma over the middle, adds to the levels of colours.
struct YuvFactors {
  double luma, v_to_red, u_to_green, v_to_green, u_to_blue;
};

/// OpenCV's three decimals of BT.601 in limited range: with the exact ones, more levels would differ from cvtColor's.
constexpr YuvFactors kOpenCv{1.164, 1.596, -0.391, -0.813, 2.018};

/// From the weights of red and blue in luma (ITU-R BT.601 and BT.709). Of 255 levels, limited luma has 219 and chroma
/// 224.
YuvFactors derive(double red, double blue, YuvRange range) {
  const bool is_full = range == YuvRange::full;
  const double luma = is_full ? 1 : 255.0 / 219, chroma = is_full ? 1 : 255.0 / 224;
  const double green = 1 - red - blue, to_red = 2 * (1 - red) * chroma, to_blue = 2 * (1 - blue) * chroma;
  return {luma, to_red, -to_blue * blue / green, -to_red * red / green, to_blue};
}

YuvFactors factors_of(YuvMatrix matrix, YuvRange range) {
  if (matrix == YuvMatrix::bt709) return derive(0.2126, 0.0722, range);
  return range == YuvRange::full ? derive(0.299, 0.114, range) : kOpenCv;
}

std::int16_t quantize_factor(double factor, int bits) {
  return static_cast<std::int16_t>(std::lround(std::ldexp(factor, bits)));
}

}  // namespace

YuvWeights yuv_weights(YuvMatrix matrix, YuvRange range) {
  const YuvFactors factors = factors_of(matrix, range);
  const auto chroma = [](double factor) { return quantize_factor(factor, 13); };
  return {static_cast<std::int16_t>(range == YuvRange::full ? 0 : 16 * 256),
          quantize_factor(factors.luma, 14),
          chroma(factors.v_to_red),
          chroma(factors.u_to_green),
          chroma(factors.v_to_green),
          chroma(factors.u_to_blue)};
}

}  // namespace gcv
