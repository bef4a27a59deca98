// Any numbers as a frame: complete_image() gives planes that lie in memory, or throws ArgumentError.

#include <cstdlib>

#include "bytes.h"
#include "gcv_edge/error.h"
#include "gcv_edge/image.h"
#include "same_bits.h"

namespace {

constexpr std::ptrdiff_t kOddStrides[] = {
    0, 1, -1, 2, PTRDIFF_MAX, PTRDIFF_MIN, INT32_MAX, INT32_MIN, PTRDIFF_MIN + 1, PTRDIFF_MAX / 2, -4, 64};

int draw_side(Bytes& bytes) {
  const int kind = bytes.between(0, 9);
  return kind == 0 ? bytes.take<std::int32_t>() : kind == 1 ? 1 << bytes.between(0, 30) : bytes.between(0, 70);
}

std::ptrdiff_t draw_stride(Bytes& bytes) {
  const int kind = bytes.between(0, 23);
  return kind < 12 ? kOddStrides[kind] : kind < 14 ? bytes.take<std::ptrdiff_t>() : bytes.between(0, 255);
}

/// Rows that do not overlap and whose distances can be computed.
void check_plane(std::ptrdiff_t stride, std::int64_t row, std::int64_t rows) {
  require(stride != PTRDIFF_MIN && std::abs(stride) >= row);
  std::ptrdiff_t last = 0, end = 0;
  require(!__builtin_mul_overflow(std::abs(stride), static_cast<std::ptrdiff_t>(rows - 1), &last));
  require(!__builtin_add_overflow(last, static_cast<std::ptrdiff_t>(row), &end));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::uint8_t kSomewhere[1] = {};
  Bytes bytes(data, size);
  gcv::ImageView image;
  image.data = bytes.between(0, 15) == 0 ? nullptr : kSomewhere;
  image.format = static_cast<gcv::PixelFormat>(bytes.between(-1, 11));
  image.width = draw_side(bytes);
  image.height = draw_side(bytes);
  image.stride = draw_stride(bytes);
  for (auto& [plane, stride] : image.chroma) {
    plane = bytes.between(0, 1) == 0 ? nullptr : kSomewhere;
    stride = draw_stride(bytes);
  }
  image.matrix = static_cast<gcv::YuvMatrix>(bytes.between(0, 20) == 0 ? 2 : 1);
  image.range = static_cast<gcv::YuvRange>(bytes.between(0, 20) == 0 ? -1 : 0);
  try {
    const gcv::ImageView whole = gcv::complete_image(image);
    check_plane(whole.stride, std::int64_t{whole.width} * gcv::channel_count(whole.format), whole.height);
    const bool is_i420 = whole.format == gcv::PixelFormat::i420;
    for (const auto& [plane, stride] : whole.chroma) {
      if (plane != nullptr) check_plane(stride, is_i420 ? whole.width / 2 : whole.width, whole.height / 2);
    }
  } catch (const gcv::ArgumentError&) {
  }
  return 0;
}
