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
#include "gcv_edge/version.h"

namespace {

const std::uint8_t kPixels[12] = {};
const gcv::ImageView kFrame{kPixels, 2, 2, 6, gcv::PixelFormat::bgr};
const gcv::Placement kWhole({0, 0, 2, 2}, {0, 0, 2, 2});

}  // namespace

TEST(errors, every_error_has_one_root) {
  CHECK_ERROR(gcv::Error, "pixel_format: found 'yuv', expected bgr", gcv::parse_pixel_format("yuv"));
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
  CHECK_ERROR(gcv::ArgumentError, "plane_stride: found -3, expected at least 4",
              gcv::preprocess(kFrame, kWhole, {}, {2, 2}, out, -3));
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
