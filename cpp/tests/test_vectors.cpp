#include <array>

#include "check.h"
#include "gcv_edge/classification.h"
#include "gcv_edge/cpu.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/heatmap.h"
#include "gcv_edge/maps.h"
#include "gcv_edge/masks.h"
#include "gcv_edge/nms.h"
#include "gcv_edge/preprocess.h"
#include "gcv_edge/segmentation.h"
#include "vectors.h"

// The golden vectors, on every instruction set that this processor has.
namespace {

void on_every_isa(const std::string& topic, void (*run)(const Case&)) {
  for (const Case& one : read_cases(topic)) {
    for (const gcv::Isa isa : gcv::available_isas()) {
      gcv::set_isa(gcv::isa_name(isa));
      try {
        run(one);
      } catch (const std::exception& error) {
        throw std::runtime_error(topic + " " + one.name + " " + gcv::isa_name(isa) + ": " + error.what());
      }
    }
  }
}

gcv::Size size_of(const Case::Tensor& tensor) {
  const auto values = tensor.as<int>();
  return {values[0], values[1]};
}

/// A frame as make_vectors.py writes it, with the pixels that it shows.
gcv::ImageView to_view(const Case& one, const std::vector<std::uint8_t>& pixels) {
  gcv::ImageView frame{pixels.data(), one.size("frame", 1), one.size("frame", 0)};
  frame.format = gcv::parse_pixel_format(one.texts.at("pixel_format"));
  if (!gcv::is_yuv(frame.format)) return frame;
  frame.height = size_of(one.at("size")).height;
  frame.matrix = gcv::parse_yuv_matrix(one.texts.at("matrix"));
  frame.range = gcv::parse_yuv_range(one.texts.at("range"));
  return frame;
}

void run_preprocess(const Case& one) {
  const auto pixels = one.at("frame").as<std::uint8_t>();
  const auto mean = one.at("mean").as<float>(), scale = one.at("scale").as<float>(), rest = one.at("rest").as<float>();
  const std::size_t last = mean.size() - 1;
  const gcv::ImageView frame = to_view(one, pixels);
  const gcv::Normalization normalization{{mean[0], mean[last / 2], mean[last]},
                                         {scale[0], scale[last / 2], scale[last]},
                                         rest[0] != 0,
                                         rest[1],
                                         one.size("numbers", 0)};
  const gcv::Size input{one.size("numbers", 2), one.size("numbers", 1)};
  const gcv::Interpolation interpolation = gcv::parse_interpolation(one.texts.at("interpolation"));
  std::vector<float> floats(one.at("numbers").values.size());
  gcv::preprocess(frame, one.placement(), normalization, input, floats.data(), 0, interpolation);
  CHECK_EQUAL(floats, one.at("numbers").values);
  const gcv::Frame copy = gcv::copy_frame(frame);
  std::vector<std::uint8_t> levels(floats.size());
  gcv::preprocess(copy.image, one.placement(), normalization, input, levels.data(), 0, interpolation);
  CHECK_EQUAL(levels, one.at("levels").values);
}

void run_detect(const Case& one) {
  const auto boxes = one.at("boxes").as<float>(), scores = one.at("scores").as<float>();
  const auto settings = one.at("settings").as<float>();
  const gcv::Detections found = gcv::detect(
      boxes.data(), scores.data(), one.size("scores", 0), one.size("scores", 1),
      {settings[0], settings[1], static_cast<int>(settings[2]), static_cast<int>(settings[3]), settings[4] != 0});
  std::vector<float> kept;
  for (const auto& box : found.boxes) kept.insert(kept.end(), box.begin(), box.end());
  CHECK_EQUAL(kept, one.at("kept_boxes").values);
  CHECK_EQUAL(found.scores, one.at("kept_scores").values);
  CHECK_EQUAL(found.class_ids, one.at("kept_ids").values);
}

void run_heatmaps(const Case& one) {
  const auto maps = one.at("maps").as<float>();
  const int count = one.size("maps", 0);
  std::vector<float> keypoints(2 * count), peaks(count);
  gcv::decode_heatmaps(maps.data(), count, {one.size("maps", 2), one.size("maps", 1)}, one.placement(),
                       size_of(one.at("input")), keypoints.data(), peaks.data());
  CHECK_EQUAL(keypoints, one.at("keypoints").values);
  CHECK_EQUAL(peaks, one.at("peaks").values);
}

void run_segment(const Case& one) {
  const auto logits = one.at("logits").as<float>();
  const gcv::Size frame{one.size("ids", 1), one.size("ids", 0)};
  std::vector<std::uint8_t> bytes(one.at("ids").values.size());
  std::vector<std::int32_t> words(bytes.size());
  const auto run = [&](auto* out) {
    gcv::segment(logits.data(), one.size("logits", 0), {one.size("logits", 2), one.size("logits", 1)}, one.placement(),
                 size_of(one.at("input")), frame, out);
  };
  run(bytes.data());
  run(words.data());
  CHECK_EQUAL(bytes, one.at("ids").values);
  CHECK_EQUAL(words, one.at("ids").values);
}

void run_masks(const Case& one) {
  const auto mask = one.at("mask").as<float>(), corners = one.at("extent").as<float>();
  const gcv::Size size{one.size("mask", 1), one.size("mask", 0)};
  const gcv::Size frame{one.size("covered", 1), one.size("covered", 0)};
  const gcv::MaskExtent extent{corners[0], corners[1], corners[2], corners[3]};
  std::vector<std::uint8_t> whole(one.at("covered").values.size(), 7), parts(whole.size());
  gcv::paste_mask(mask.data(), size, extent, {0, 0, frame.width, frame.height}, whole.data(), frame.width);
  CHECK_EQUAL(whole, one.at("covered").values);
  const gcv::Rect region = gcv::mask_region(size, extent, frame);
  std::uint8_t* corner = parts.data() + static_cast<std::ptrdiff_t>(region.y) * frame.width + region.x;
  gcv::paste_mask(mask.data(), size, extent, region, corner, frame.width);
  CHECK_EQUAL(parts, one.at("covered").values);
}

void run_maps(const Case& one) {
  const auto values = one.at("values").as<float>();
  const gcv::Size frame{one.size("stretched", 1), one.size("stretched", 0)};
  std::vector<float> stretched(one.at("stretched").values.size());
  gcv::resize_map(values.data(), {one.size("values", 1), one.size("values", 0)}, one.placement(),
                  size_of(one.at("input")), frame, stretched.data());
  CHECK_EQUAL(stretched, one.at("stretched").values);
}

void run_pixels(const Case& one) {
  const auto image = one.at("image").as<float>(), limits = one.at("limits").as<float>();
  const gcv::Size size{one.size("image", 2), one.size("image", 1)};
  std::vector<std::uint8_t> pixels(image.size());
  gcv::to_pixels(image.data(), one.size("image", 0), size, limits[0], limits[1], limits[2] != 0, pixels.data());
  CHECK_EQUAL(pixels, one.at("pixels").values);
}

void run_classes(const Case& one) {
  const auto logits = one.at("logits").as<float>();
  const auto count = static_cast<std::int64_t>(logits.size());
  CHECK_EQUAL(gcv::top_k(logits.data(), count, one.size("best", 0)), one.at("best").values);
  auto probabilities = logits;  // in place
  gcv::softmax(probabilities.data(), count, probabilities.data());
  CHECK_EQUAL(probabilities, one.at("softmax").values);
  gcv::sigmoid(logits.data(), count, probabilities.data());
  CHECK_EQUAL(probabilities, one.at("sigmoid").values);
}

}  // namespace

TEST(vectors, preprocess_vectors) { on_every_isa("preprocess", run_preprocess); }
TEST(vectors, grey_vectors) { on_every_isa("grey", run_preprocess); }
TEST(vectors, yuv_vectors) { on_every_isa("yuv", run_preprocess); }
TEST(vectors, detect_vectors) { on_every_isa("detect", run_detect); }
TEST(vectors, heatmap_vectors) { on_every_isa("heatmaps", run_heatmaps); }
TEST(vectors, segment_vectors) { on_every_isa("segment", run_segment); }
TEST(vectors, mask_vectors) { on_every_isa("masks", run_masks); }
TEST(vectors, map_vectors) { on_every_isa("maps", run_maps); }
TEST(vectors, pixel_vectors) { on_every_isa("pixels", run_pixels); }
TEST(vectors, class_vectors) { on_every_isa("classes", run_classes); }
