#include <algorithm>
#include <climits>
#include <cmath>
#include <string>
#include <utility>

#include "check.h"
#include "gcv_edge/classification.h"
#include "gcv_edge/cpu.h"
#include "gcv_edge/error.h"
#include "gcv_edge/heatmap.h"
#include "gcv_edge/maps.h"
#include "gcv_edge/masks.h"
#include "gcv_edge/nms.h"
#include "gcv_edge/preprocess.h"
#include "gcv_edge/task.h"
#include "gcv_edge/version.h"

namespace {

const std::uint8_t kPixels[12] = {};
const gcv::ImageView kFrame{kPixels, 2, 2, 6, gcv::PixelFormat::bgr};
const gcv::Placement kWhole({0, 0, 2, 2}, {0, 0, 2, 2});

}  // namespace

TEST(errors, every_error_has_one_root) {
  CHECK_ERROR(gcv::Error, "pixel_format: found 'yuv', expected one of bgr, rgb", gcv::parse_pixel_format("yuv"));
  CHECK_ERROR(gcv::Error, "none.onnx: no", throw gcv::FormatError("none.onnx", "no"));
  CHECK_ERROR(gcv::ArgumentError, "instruction set: found 'mmx'", gcv::set_isa("mmx"));
}

TEST(errors, frames_are_checked) {
  float out[12];
  gcv::ImageView frame = kFrame;
  frame.data = nullptr;
  CHECK_ERROR(gcv::ArgumentError, "frame: found no data", gcv::preprocess(frame, kWhole, {}, {2, 2}, out));
  frame = kFrame;
  frame.width = 0;
  CHECK_ERROR(gcv::ArgumentError, "frame: found 0x2 pixels", gcv::preprocess(frame, kWhole, {}, {2, 2}, out));
  CHECK_ERROR(gcv::ArgumentError, "expected it inside the input of 1x2",
              gcv::preprocess(kFrame, kWhole, {}, {1, 2}, out));
  CHECK_ERROR(gcv::ArgumentError, "plane_stride: found -3, expected 0 or at least 4",
              gcv::preprocess(kFrame, kWhole, {}, {2, 2}, out, -3));
}

namespace {

void run(const gcv::ImageView& frame) {
  float out[12];
  gcv::preprocess(frame, kWhole, {}, {2, 2}, out);
}

/// A frame of a format whose planes follow each other, strides as given.
gcv::ImageView draw_planes(gcv::PixelFormat format, std::ptrdiff_t stride, std::ptrdiff_t chroma, std::ptrdiff_t last) {
  static const std::uint8_t kBytes[64] = {};
  gcv::ImageView frame{kBytes, 4, 4, stride, format};
  if (chroma != 0) frame.chroma[0] = {kBytes, chroma};
  if (last != 0) frame.chroma[1] = {kBytes, last};
  return frame;
}

}  // namespace

TEST(errors, strides_are_checked) {
  constexpr std::ptrdiff_t kMost = PTRDIFF_MAX, kLeast = PTRDIFF_MIN;
  gcv::ImageView frame = kFrame;
  for (const std::ptrdiff_t stride : {1, 5, -1, -5}) {
    frame.stride = stride;
    CHECK_ERROR(gcv::ArgumentError, "frame stride: found " + std::to_string(stride) + ", expected 0 or at least 6",
                run(frame));
  }
  for (const std::ptrdiff_t stride : {kMost, kLeast, kLeast + 1, kMost - 5}) {
    frame.stride = stride;
    CHECK_ERROR(gcv::ArgumentError, "frame stride: found " + std::to_string(stride) + ", expected at most ",
                run(frame));
  }
  using gcv::PixelFormat;
#if PTRDIFF_MAX > INT32_MAX
  frame = {kFrame.data, 1 << 26, 1 << 26, 0, PixelFormat::bgra};  // 2^54 bytes
  CHECK_ERROR(gcv::ArgumentError, "frame stride: found 268435456, expected at most ", run(frame));
#endif
  CHECK_ERROR(gcv::ArgumentError, "frame stride: found 3, expected 0 or at least 4",
              run(draw_planes(PixelFormat::nv12, 3, 0, 0)));
  CHECK_ERROR(gcv::ArgumentError, "frame stride: found 7, expected 0 or at least 8",
              run(draw_planes(PixelFormat::yuyv, 7, 0, 0)));
  CHECK_ERROR(gcv::ArgumentError, "chroma[0] stride: found 3, expected 0 or at least 4",
              run(draw_planes(PixelFormat::nv21, 4, 3, 0)));
  CHECK_ERROR(gcv::ArgumentError, "chroma[1] stride: found -1, expected 0 or at least 2",
              run(draw_planes(PixelFormat::i420, 4, 2, -1)));
  CHECK_ERROR(gcv::ArgumentError, "chroma[0] stride: found " + std::to_string(kMost) + ", expected at most ",
              run(draw_planes(PixelFormat::i420, 4, kMost, 2)));
  CHECK_ERROR(gcv::ArgumentError, "chroma[0] stride: found " + std::to_string(kMost - 8) + ", expected at most ",
              run(draw_planes(PixelFormat::i420, 4, kMost - 8, 0)));
  CHECK_ERROR(gcv::ArgumentError, "chroma[0]: found no data, expected some where rows run upwards",
              run(draw_planes(PixelFormat::nv12, -4, 0, 0)));
  CHECK_ERROR(gcv::ArgumentError, "chroma[1]: found a plane, expected none in this format",
              run(draw_planes(PixelFormat::nv12, 4, 4, 2)));
}

TEST(errors, no_stride_means_no_gaps) {
  std::uint8_t pixels[96];
  for (std::size_t i = 0; i < sizeof pixels; ++i) pixels[i] = static_cast<std::uint8_t>(37 * i);
  for (int number = 0; number < 10; ++number) {
    gcv::ImageView frame{pixels, 4, 6};
    frame.format = static_cast<gcv::PixelFormat>(number);
    float packed[12], given[12];
    gcv::preprocess(frame, {{0, 0, 4, 6}, {0, 0, 2, 2}}, {}, {2, 2}, packed);
    frame.stride = 4 * gcv::channel_count(frame.format);
    gcv::preprocess(frame, {{0, 0, 4, 6}, {0, 0, 2, 2}}, {}, {2, 2}, given);
    CHECK(std::equal(packed, packed + 12, given));
    CHECK(frame.row(5) == gcv::complete_image(frame).row(5));
    frame.stride = 0;
    CHECK(frame.row(5) == gcv::complete_image(frame).row(5));
  }
}

TEST(errors, odd_sizes_have_no_chroma) {
  gcv::ImageView frame{kPixels, 3, 2, 0, gcv::PixelFormat::yuyv};
  CHECK_ERROR(gcv::ArgumentError, "frame: found 3x2 pixels of yuyv, expected an even width", run(frame));
  frame.format = gcv::PixelFormat::i420;
  frame.width = 2;
  frame.height = 1;
  CHECK_ERROR(gcv::ArgumentError, "found 2x1 pixels of i420, expected an even width and height", run(frame));
}

TEST(errors, numbers_that_are_no_enumerators_are_refused) {
  for (const int number : {-1, 11, INT_MAX, INT_MIN}) {
    const std::string found = "found number " + std::to_string(number);
    gcv::ImageView frame = kFrame;
    frame.format = static_cast<gcv::PixelFormat>(number);
    CHECK_ERROR(gcv::ArgumentError, "pixel_format: " + found + ", expected 0 to 9", run(frame));
    CHECK_ERROR(gcv::ArgumentError, "pixel_format: " + found, gcv::channel_count(frame.format));
    CHECK_ERROR(gcv::ArgumentError, "task: " + found, gcv::task_name(static_cast<gcv::Task>(number)));
    frame = kFrame;
    frame.matrix = static_cast<gcv::YuvMatrix>(number);
    CHECK_ERROR(gcv::ArgumentError, "matrix: " + found + ", expected 0 to 1", run(frame));
    frame = kFrame;
    frame.range = static_cast<gcv::YuvRange>(number);
    CHECK_ERROR(gcv::ArgumentError, "range: " + found + ", expected 0 to 1", run(frame));
    float out[12];
    CHECK_ERROR(gcv::ArgumentError, "interpolation: " + found + ", expected 0 to 6",
                gcv::preprocess(kFrame, kWhole, {}, {2, 2}, out, 0, static_cast<gcv::Interpolation>(number)));
    CHECK_ERROR(gcv::ArgumentError, "box layout: " + found + ", expected 0 to 1",
                gcv::detect(out, out, 1, 1, {}, static_cast<gcv::BoxLayout>(number)));
  }
}

TEST(errors, sizes_are_checked) {
  CHECK_ERROR(gcv::ArgumentError, "expected fewer than 2^32", gcv::detect(nullptr, nullptr, 1 << 30, 4, {}));
  CHECK_ERROR(gcv::ArgumentError, "expected fewer than 2^32", gcv::detect(nullptr, nullptr, -1, 4, {}));
  CHECK_ERROR(gcv::ArgumentError, "heatmaps: found 65536x65536",
              gcv::decode_heatmaps(nullptr, 1, {1 << 16, 1 << 16}, kWhole, {2, 2}, nullptr, nullptr));
  CHECK_ERROR(gcv::ArgumentError, "frame_size: found 0x1", gcv::place("crop", {0, 1}, {1, 1}));
  CHECK_ERROR(gcv::ArgumentError, "not finite", gcv::Placement({NAN, 0, 1, 1}, {0, 0, 1, 1}));
}

TEST(errors, maps_are_checked) {
  const float value = 1;
  std::uint8_t level = 0;
  CHECK_ERROR(gcv::ArgumentError, "values: found 0x1",
              gcv::resize_map(&value, {0, 1}, kWhole, {2, 2}, {1, 1}, nullptr));
  CHECK_ERROR(gcv::ArgumentError, "image: found 2 channels", gcv::to_pixels(&value, 2, {1, 1}, 0, 1, false, &level));
  for (const float high : {0.0f, -1.0f, 3e38f * 3e38f, NAN, 1e-45f}) {
    CHECK_ERROR(gcv::ArgumentError, "low and high: found 0.0",
                gcv::to_pixels(&value, 1, {1, 1}, 0, high, false, &level));
  }
  CHECK_ERROR(gcv::ArgumentError, "low and high: found ",
              gcv::to_pixels(&value, 1, {1, 1}, -3e38f, 3e38f, false, &level));
  CHECK_ERROR(gcv::ArgumentError, "scores: found -1 numbers", gcv::top_k(&value, -1, 1));
}

TEST(errors, masks_and_windows_are_checked) {
  const float cell = 1;
  std::uint8_t out = 0;
  CHECK_ERROR(gcv::ArgumentError, "mask: found 0x1", gcv::mask_region({0, 1}, {0, 0, 1, 1}, {1, 1}));
  CHECK_ERROR(gcv::ArgumentError, "frame_size: found 1x0", gcv::mask_region({1, 1}, {0, 0, 1, 1}, {1, 0}));
  CHECK_ERROR(gcv::ArgumentError, "window: found -1x1",
              gcv::paste_mask(&cell, {1, 1}, {0, 0, 1, 1}, {0, 0, -1, 1}, &out, 1));
  CHECK_ERROR(gcv::ArgumentError, "window stride: found 1, expected 0 or at least 2",
              gcv::paste_mask(&cell, {1, 1}, {0, 0, 1, 1}, {0, 0, 2, 2}, &out, 1));
  CHECK_ERROR(gcv::ArgumentError, "window stride: found " + std::to_string(PTRDIFF_MIN),
              gcv::paste_mask(&cell, {1, 1}, {0, 0, 1, 1}, {0, 0, 2, 2}, &out, PTRDIFF_MIN));
  CHECK_ERROR(gcv::ArgumentError, "window: found corner (0, -2147483648)",
              gcv::paste_mask(&cell, {1, 1}, {0, 0, 1, 1}, {0, INT_MIN, 1, 1}, &out, 1));
}

TEST(errors, extreme_extents_end_well) {
  const float cell = 1;
  for (const float huge : {1e9f, 3e38f, 1e-45f}) {
    std::uint8_t out[4] = {7, 7, 7, 7};
    gcv::paste_mask(&cell, {1, 1}, {-huge, -huge, huge, huge}, {0, 0, 2, 2}, out, 2);
    CHECK(out[0] == (huge > 1 ? 1 : 0) && out[3] == (huge > 1 ? 1 : 0));
    gcv::paste_mask(&cell, {1, 1}, {huge, huge, -huge, -huge}, {0, 0, 2, 2}, out, 2);
    CHECK(out[0] == 0 && out[3] == 0);
  }
}

TEST(errors, extreme_placements_end_well) {
  float out[12];
  for (int number = 0; number < 7; ++number) {
    const auto interpolation = static_cast<gcv::Interpolation>(number);
    for (const double huge : {1e300, -1e300, 1e18, 1e-300, -4e299}) {
      for (const auto& [width, height] : {std::pair(1e300, 1e-300), std::pair(1e300, 1e300), std::pair(1e-300, 1e18)}) {
        const gcv::Placement placement({huge, huge, width, height}, {0, 0, 2, 2});
        gcv::preprocess(kFrame, placement, {}, {2, 2}, out, 0, interpolation);
        CHECK(std::isfinite(out[0]));
      }
    }
  }
  const gcv::Placement narrow = gcv::place("crop", {1 << 26, 1}, {64, 64}, 1 << 20);
  CHECK(narrow.source().width > 0);
}

TEST(errors, the_version_is_a_version) { CHECK(std::string(gcv::version()).find('.') != std::string::npos); }
