#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>

#include "check.h"
#include "gcv_edge/classification.h"
#include "gcv_edge/cpu.h"
#include "gcv_edge/heatmap.h"
#include "gcv_edge/maps.h"
#include "gcv_edge/masks.h"
#include "gcv_edge/nms.h"
#include "gcv_edge/person_crop.h"
#include "gcv_edge/preprocess.h"
#include "gcv_edge/segmentation.h"

// Random work in buffers of exactly the right size: a sanitizer sees every byte too far, and all instruction sets must
// give the same bits.
namespace {

std::mt19937& generator() {
  static std::mt19937 engine(7);
  return engine;
}

int draw(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator()); }
float draw_float() { return std::uniform_real_distribution<float>(0, 1)(generator()); }

/// Run on every instruction set and compare the bytes of the results.
template <typename T, typename Run>
void same_on_every_isa(Run run) {
  std::vector<T> first;
  for (const gcv::Isa isa : gcv::available_isas()) {
    gcv::set_isa(gcv::isa_name(isa));
    const std::vector<T> found = run();
    if (isa == gcv::Isa::scalar) first = found;
    CHECK(found.size() == first.size());
    CHECK(found.empty() || std::memcmp(found.data(), first.data(), found.size() * sizeof(T)) == 0);
  }
}

/// A plane whose rows are apart and may run upwards, in a buffer that ends with the last byte.
struct RandomPlane {
  RandomPlane(int row, int rows) {
    plane.stride = row + draw(0, 9);
    const std::size_t last = static_cast<std::size_t>(rows - 1) * plane.stride;
    bytes.reset(new std::uint8_t[last + row]);
    for (std::size_t i = 0; i < last + row; ++i) bytes[i] = static_cast<std::uint8_t>(draw(0, 255));
    plane.data = bytes.get();
    if (draw(0, 1) == 1) {
      plane.data += last;
      plane.stride = -plane.stride;
    }
  }

  gcv::ImagePlane plane;
  std::unique_ptr<std::uint8_t[]> bytes;
};

/// A frame of any format whose planes lie anywhere.
struct RandomFrame {
  RandomFrame() {
    view.format = static_cast<gcv::PixelFormat>(draw(0, 9));
    view.matrix = static_cast<gcv::YuvMatrix>(draw(0, 1));
    view.range = static_cast<gcv::YuvRange>(draw(0, 1));
    const int unit = gcv::is_yuv(view.format) ? 2 : 1;
    view.width = unit * draw(1, 70 / unit);
    view.height = unit * draw(1, 20 / unit);
    const auto& luma = planes.emplace_back(view.width * gcv::channel_count(view.format), view.height).plane;
    view.data = luma.data;
    view.stride = luma.stride;
    const bool is_i420 = view.format == gcv::PixelFormat::i420;
    const bool has_pairs = view.format == gcv::PixelFormat::nv12 || view.format == gcv::PixelFormat::nv21;
    for (std::size_t i = 0; i < (is_i420 ? 2u : has_pairs ? 1u : 0u); ++i) {
      view.chroma[i] = planes.emplace_back(is_i420 ? view.width / 2 : view.width, view.height / 2).plane;
    }
  }

  gcv::ImageView view;
  std::vector<RandomPlane> planes;
};

gcv::Placement draw_placement(const gcv::ImageView& frame, gcv::Size input) {
  const int x = draw(0, input.width - 1), y = draw(0, input.height - 1);
  const gcv::Rect target{x, y, draw(1, input.width - x), draw(1, input.height - y)};
  const double width = frame.width, height = frame.height;
  if (draw(0, 2) == 0) return {{0, 0, width, height}, target};
  if (draw(0, 1) == 0) return {{0, 0, 1.0 * target.width, 1.0 * target.height}, target};
  return {{draw(-20, 60) + 0.3, draw(-20, 20) + 0.7, draw(1, 90) - 0.5, draw(1, 40) - 0.25}, target};
}

template <typename T>
void preprocess_anything() {
  for (int round = 0; round < 1600; ++round) {
    const RandomFrame frame;
    const gcv::Size input{draw(1, 60), draw(1, 12)};
    const gcv::Placement placement = draw_placement(frame.view, input);
    const int channels = draw(0, 3) == 0 ? 1 : 3;
    const gcv::Normalization normalization{{1, 2, 3}, {4, 5, 6}, draw(0, 1) == 1, 100, channels};
    const auto interpolation = static_cast<gcv::Interpolation>(draw(0, 6));
    same_on_every_isa<T>([&] {
      std::vector<T> out(static_cast<std::size_t>(channels) * input.width * input.height);
      gcv::preprocess(frame.view, placement, normalization, input, out.data(), 0, interpolation);
      return out;
    });
  }
}

template <typename T>
void preprocess_any_crop() {
  for (int round = 0; round < 400; ++round) {
    const RandomFrame frame;
    const gcv::Size input{draw(1, 60), draw(1, 12)};
    const gcv::Normalization normalization{{1, 2, 3}, {4, 5, 6}, draw(0, 1) == 1, 100, draw(0, 3) == 0 ? 1 : 3};
    const int x = draw(0, frame.view.width - 1), y = draw(0, frame.view.height - 1);
    const gcv::Rect crop{x, y, draw(0, frame.view.width - x), draw(0, frame.view.height - y)};
    same_on_every_isa<T>([&] {
      std::vector<T> out(static_cast<std::size_t>(normalization.channels) * input.width * input.height);
      gcv::preprocess_crop(frame.view, crop, normalization, input, out.data());
      return out;
    });
  }
}

float draw_odd(float usual) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kOdd[] = {0, -0.0f, kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(), 3e38f, 1e-45f};
  return draw(0, 9) == 0 ? kOdd[draw(0, 6)] : usual;
}

}  // namespace

TEST(bounds, preprocess_floats) { preprocess_anything<float>(); }
TEST(bounds, preprocess_levels) { preprocess_anything<std::uint8_t>(); }

TEST(bounds, preprocess_crop_floats) { preprocess_any_crop<float>(); }
TEST(bounds, preprocess_crop_levels) { preprocess_any_crop<std::uint8_t>(); }

TEST(bounds, boxes_of_any_numbers_give_crops_inside_the_frame) {
  for (int round = 0; round < 2000; ++round) {
    const gcv::Size frame{draw(1, 300), draw(1, 300)};
    std::array<float, 4> box{};
    for (float& value : box) value = draw_odd(static_cast<float>(draw(-50, 350)));
    const gcv::Rect crop = gcv::crop_box(box, frame);
    CHECK(crop.x >= 0 && crop.width >= 0 && crop.x + crop.width < frame.width);
    CHECK(crop.y >= 0 && crop.height >= 0 && crop.y + crop.height < frame.height);
    const gcv::Point corner = gcv::place_crop(crop, {64, 80}).to_frame({64, 80});
    CHECK(std::isfinite(corner.x) && std::isfinite(corner.y));
  }
}

TEST(bounds, preprocess_into_a_clip) {
  for (int round = 0; round < 200; ++round) {
    const RandomFrame frame;
    const gcv::Size input{draw(1, 60), draw(1, 12)};
    const gcv::Placement placement = draw_placement(frame.view, input);
    const std::size_t plane = static_cast<std::size_t>(input.width) * input.height, length = draw(1, 4);
    const std::size_t position = static_cast<std::size_t>(draw(0, static_cast<int>(length) - 1));
    std::vector<float> expected(3 * plane), clip(3 * plane * length, 7), wanted(clip);
    gcv::preprocess(frame.view, placement, {}, input, expected.data());
    for (std::size_t c = 0; c < 3; ++c) {
      std::copy_n(&expected[c * plane], plane, &wanted[(c * length + position) * plane]);
    }
    gcv::preprocess(frame.view, placement, {}, input, &clip[position * plane],
                    static_cast<std::ptrdiff_t>(length * plane));
    CHECK_EQUAL(clip, wanted);
  }
}

TEST(bounds, detect_anything) {
  for (int round = 0; round < 300; ++round) {
    const int anchors = draw(0, 120), classes = draw(0, 4);
    std::vector<float> boxes(4 * static_cast<std::size_t>(anchors)), scores(boxes.size() / 4 * classes);
    for (float& value : boxes) value = draw_odd(100 * draw_float());
    for (float& value : scores) value = draw_odd(draw_float());
    const gcv::NmsSettings settings{0.1f * draw(-1, 9), 0.1f * draw(0, 10), draw(-1, 200), draw(-1, 50),
                                    draw(0, 1) == 1};
    same_on_every_isa<std::int32_t>(
        [&] { return gcv::detect(boxes.data(), scores.data(), anchors, classes, settings).class_ids; });
    same_on_every_isa<float>(
        [&] { return gcv::detect(boxes.data(), scores.data(), anchors, classes, settings).scores; });
  }
}

TEST(bounds, peaks_of_anything) {
  for (int round = 0; round < 600; ++round) {
    const gcv::Size map{draw(1, 40), draw(1, 12)};
    const int count = draw(0, 3), levels = draw(1, 50);
    std::vector<float> maps(static_cast<std::size_t>(count) * map.width * map.height);
    for (float& value : maps) value = draw_odd(static_cast<float>(draw(-levels, draw(0, levels))));
    same_on_every_isa<float>([&] {
      std::vector<float> found(3 * static_cast<std::size_t>(count));
      gcv::decode_heatmaps(maps.data(), count, map, {{0, 0, 96, 64}, {0, 0, 96, 64}}, {96, 64}, found.data(),
                           found.data() + 2 * count);
      return found;
    });
  }
}

TEST(bounds, segment_anything) {
  for (int round = 0; round < 200; ++round) {
    const gcv::Size map{draw(1, 40), draw(1, 12)}, frame{draw(1, 200), draw(1, 20)}, input{96, 64};
    const int classes = draw(1, 5);
    std::vector<float> logits(static_cast<std::size_t>(classes) * map.width * map.height);
    for (float& value : logits) value = draw_odd(draw_float());
    const gcv::Placement placement({-3.5, 1.25, draw(1, 90) + 0.5, draw(1, 40) + 0.5},
                                   {draw(0, 95), draw(0, 63), draw(1, 96), draw(1, 64)});
    same_on_every_isa<std::uint8_t>([&] {
      std::vector<std::uint8_t> out(static_cast<std::size_t>(frame.width) * frame.height);
      gcv::segment(logits.data(), classes, map, placement, input, frame, out.data());
      return out;
    });
  }
}

TEST(bounds, paste_anything) {
  for (int round = 0; round < 400; ++round) {
    const gcv::Size size{draw(1, 20), draw(1, 9)}, frame{draw(1, 200), draw(1, 20)};
    std::vector<float> mask(static_cast<std::size_t>(size.width) * size.height);
    for (float& value : mask) value = draw_odd(draw_float());
    gcv::MaskExtent extent{};
    for (float& corner : extent) corner = draw_odd(static_cast<float>(draw(-50, 250)) + draw_float());
    const gcv::Rect region = gcv::mask_region(size, extent, frame);
    CHECK(region.x >= 0 && region.y >= 0 && region.x + region.width <= frame.width);
    CHECK(region.y + region.height <= frame.height);
    const gcv::Rect windows[] = {region, {0, 0, frame.width, frame.height}, {draw(-90, 90), draw(-9, 9), 70, 5}};
    const gcv::Rect window = windows[draw(0, 2)];
    same_on_every_isa<std::uint8_t>([&] {
      std::vector<std::uint8_t> out(static_cast<std::size_t>(window.width) * window.height);
      gcv::paste_mask(mask.data(), size, extent, window, out.data(), window.width);
      return out;
    });
  }
}

TEST(bounds, resize_anything) {
  for (int round = 0; round < 200; ++round) {
    const gcv::Size map{draw(1, 40), draw(1, 12)}, frame{draw(1, 200), draw(1, 20)}, input{96, 64};
    std::vector<float> values(static_cast<std::size_t>(map.width) * map.height);
    for (float& value : values) value = draw(0, 1) == 0 ? draw_float() : 0;
    const gcv::Placement placement({-3.5, 1.25, draw(1, 90) + 0.5, draw(1, 40) + 0.5},
                                   {draw(0, 95), draw(0, 63), draw(1, 96), draw(1, 64)});
    same_on_every_isa<float>([&] {
      std::vector<float> out(static_cast<std::size_t>(frame.width) * frame.height);
      gcv::resize_map(values.data(), map, placement, input, frame, out.data());
      return out;
    });
  }
}

TEST(bounds, pixels_of_anything) {
  for (int round = 0; round < 200; ++round) {
    const gcv::Size size{draw(1, 90), draw(1, 9)};
    const int channels = 1 + 2 * draw(0, 1);
    std::vector<float> image(static_cast<std::size_t>(channels) * size.width * size.height);
    for (float& value : image) value = draw_odd(static_cast<float>(draw(-520, 520)) / 500);
    const bool reverse = draw(0, 1) == 1;
    same_on_every_isa<std::uint8_t>([&] {
      std::vector<std::uint8_t> out(image.size());
      gcv::to_pixels(image.data(), channels, size, -1, 1, reverse, out.data());
      return out;
    });
  }
}

TEST(bounds, classes_of_anything) {
  for (int round = 0; round < 200; ++round) {
    std::vector<float> logits(static_cast<std::size_t>(draw(0, 40)));
    for (float& value : logits) value = draw_odd(static_cast<float>(draw(-9, 9)));
    const auto count = static_cast<std::int64_t>(logits.size());
    const auto best = gcv::top_k(logits.data(), count, draw(-1, 50));
    CHECK(best.size() <= logits.size());
    gcv::softmax(logits.data(), count, logits.data());
    for (const float value : logits) CHECK(!(value < 0) && !(value > 1));
  }
}
