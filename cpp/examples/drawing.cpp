#include "drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

#ifdef EXAMPLES_OPENCV
#include "gcv_edge/opencv.h"
#endif

namespace {

using Color = std::array<std::uint8_t, 3>;

/// Hues a golden angle apart, so that neighbours differ; red, green, blue.
Color color_of(std::int32_t class_id) {
  const double hue = std::fmod(0.35 + class_id * 0.618033988749895, 1.0);
  Color color{};
  for (int c = 0; c < 3; ++c) {
    const double part = std::abs(std::fmod(hue * 6 + (c == 0 ? 0 : c == 1 ? 4 : 2), 6.0) - 3) - 1;
    color[c] = static_cast<std::uint8_t>(255 * (1 - 0.85 * (1 - std::clamp(part, 0.0, 1.0))));
  }
  return color;
}

class Canvas {
 public:
  explicit Canvas(const gcv::ImageView& image) : image_(image), pixels_(const_cast<std::uint8_t*>(image.data)) {}

  void fill(int x1, int y1, int x2, int y2, const Color& color) {
    for (int y = std::max(y1, 0); y < std::min(y2, image_.height); ++y) {
      for (int x = std::max(x1, 0); x < std::min(x2, image_.width); ++x) set(x, y, color);
    }
  }

 private:
  void set(int x, int y, const Color& color) {
    const int channels = gcv::channel_count(image_.format);
    std::uint8_t* pixel = pixels_ + y * image_.stride + std::ptrdiff_t{x} * channels;
    const bool is_rgb = image_.format == gcv::PixelFormat::rgb || image_.format == gcv::PixelFormat::rgba;
    for (int c = 0; c < std::min(channels, 3); ++c) pixel[c] = color[is_rgb ? c : 2 - c];
  }

  gcv::ImageView image_;
  std::uint8_t* pixels_;
};

void draw_box(Canvas& canvas, const std::array<float, 4>& box, int width, const Color& color) {
  const int x1 = static_cast<int>(box[0]), y1 = static_cast<int>(box[1]);
  const int x2 = static_cast<int>(box[2]), y2 = static_cast<int>(box[3]);
  canvas.fill(x1, y1, x2, y1 + width, color);
  canvas.fill(x1, y2 - width, x2, y2, color);
  canvas.fill(x1, y1, x1 + width, y2, color);
  canvas.fill(x2 - width, y1, x2, y2, color);
}

#ifdef EXAMPLES_OPENCV
void draw_name(const gcv::Frame& frame, const std::string& name, const std::array<float, 4>& box, int width) {
  const gcv::ImageView& image = frame.image;
  cv::Mat canvas(image.height, image.width, CV_8UC(gcv::channel_count(image.format)),
                 const_cast<std::uint8_t*>(image.data), static_cast<std::size_t>(image.stride));
  const cv::Point place(static_cast<int>(box[0]) + width, static_cast<int>(box[1]) + 12 + 2 * width);
  cv::putText(canvas, name, place, cv::FONT_HERSHEY_SIMPLEX, 0.35 * width, cv::Scalar::all(255), width, cv::LINE_AA);
}
#endif

}  // namespace

gcv::Frame draw(const gcv::Frame& frame, const gcv::Detections& result, float threshold) {
  gcv::Frame copy = gcv::copy_frame(frame.image);
  copy.name = frame.name;
  copy.index = frame.index;
  Canvas canvas(copy.image);
  const int width = std::max(1, static_cast<int>(std::hypot(frame.image.width, frame.image.height) / 500));
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!(result.scores[i] > threshold)) continue;
    draw_box(canvas, result.boxes[i], width, color_of(result.class_ids[i]));
#ifdef EXAMPLES_OPENCV
    draw_name(copy, result.name(i), result.boxes[i], width);
#endif
  }
  return copy;
}
