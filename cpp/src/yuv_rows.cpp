#include "yuv_rows.h"

#include <algorithm>

namespace gcv {
namespace {

/// A row that is too short for kernels, which read kYuvPairBytes at once, in a buffer where they can.
const std::uint8_t* copy_short(const std::uint8_t* row, int bytes, Scratch<std::uint8_t>& buffer) {
  if (row != buffer.data()) std::copy_n(row, bytes, buffer.data());
  return buffer.data();
}

}  // namespace

YuvRows::YuvRows(const ImageView& frame, const Kernels& kernels) : frame_(frame), kernels_(kernels) {
  const auto bytes = static_cast<std::size_t>(std::max(frame.width, kYuvPairBytes));
  for (auto* copies : {luma_, chroma_}) {
    for (int i = 0; i < 2; ++i) copies[i].bytes.resize(bytes);
  }
}

YuvRow YuvRows::row(int y) {
  if (frame_.format == PixelFormat::yuyv || frame_.format == PixelFormat::uyvy) return copy_packed(y);
  const std::uint8_t* luma = frame_.row(y);
  const std::uint8_t* chroma =
      frame_.format == PixelFormat::i420 ? copy_planar(y / 2) : frame_.chroma[0].data + y / 2 * frame_.chroma[0].stride;
  if (frame_.width >= kYuvPairBytes) return {luma, chroma};
  return {copy_short(luma, frame_.width, luma_[y % 2].bytes),
          copy_short(chroma, frame_.width, chroma_[y / 2 % 2].bytes)};
}

YuvRow YuvRows::copy_packed(int y) {
  CopiedRow &luma = luma_[y % 2], &chroma = chroma_[y % 2];
  if (luma.row != y) {
    const bool luma_first = frame_.format == PixelFormat::yuyv;
    std::uint8_t* const outs[2] = {luma.bytes.data(), chroma.bytes.data()};
    kernels_.split_pairs(frame_.row(y), frame_.width, outs[luma_first ? 0 : 1], outs[luma_first ? 1 : 0]);
    luma.row = y;
  }
  return {luma.bytes.data(), chroma.bytes.data()};
}

const std::uint8_t* YuvRows::copy_planar(int y) {
  CopiedRow& chroma = chroma_[y % 2];
  if (chroma.row != y) {
    const auto [u, v] = frame_.chroma;
    kernels_.join_pairs(u.data + y * u.stride, v.data + y * v.stride, frame_.width / 2, chroma.bytes.data());
    chroma.row = y;
  }
  return chroma.bytes.data();
}

}  // namespace gcv
