#include "pixel_rows.h"

#include "yuv.h"

namespace gcv {
namespace {

/// Of a pixel that kernels convert.
constexpr int kConvertedBytes = 4;

int step_of(PixelFormat format) { return is_yuv(format) ? kConvertedBytes : channel_count(format); }

}  // namespace

PixelRows::PixelRows(const ImageView& frame, int begin, int end, const Kernels& kernels)
    : frame_(frame), kernels_(kernels), step_(step_of(frame.format)), begin_(begin / 2 * 2) {
  if (!is_yuv(frame.format)) return;
  count_ = (end + 1) / 2 * 2 - begin_;
  yuv_.emplace(frame, kernels);
  weights_ = yuv_weights(frame.matrix, frame.range);
  colors_.resize(static_cast<std::size_t>(row_bytes()));
}

PixelRows::~PixelRows() = default;  // once, not wherever one ends

const std::uint8_t* PixelRows::row(int y) {
  if (!yuv_) return frame_.row(y);
  const YuvRow row = yuv_->row(y);
  kernels_.convert_yuv({row.luma + begin_, row.chroma + begin_}, weights_, frame_.format == PixelFormat::nv21, count_,
                       colors_.data() + static_cast<std::ptrdiff_t>(begin_) * step_);
  return colors_.data();
}

PixelLayout color_layout(PixelFormat format, bool blue_first) {
  const int step = step_of(format);
  if (format == PixelFormat::gray) return {step, {0, 0, 0}};
  const bool is_bgr = format == PixelFormat::bgr || format == PixelFormat::bgra;
  if (is_bgr == blue_first) return {step, {0, 1, 2}};
  return {step, {2, 1, 0}};
}

}  // namespace gcv
