#include <algorithm>
#include <cctype>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>
#include <stdexcept>

#include "gcv_edge/opencv.h"
#include "sources.h"

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

gcv::FrameSource open_capture(const std::string& input) {
  auto capture = std::make_shared<cv::VideoCapture>();
  const bool is_open = is_number(input) ? capture->open(std::stoi(input)) : capture->open(input);
  if (!is_open) throw std::runtime_error(input + ": cannot be opened as a picture, video or camera");
  auto count = std::make_shared<int>(0);
  return [capture, input, count](gcv::Frame& frame) {
    cv::Mat picture;
    if (!capture->read(picture)) return false;
    frame = gcv::to_frame(picture, input + "#" + std::to_string((*count)++));
    return true;
  };
}

bool read_picture(const std::string& path, gcv::Frame& frame) {
  const cv::Mat picture = cv::imread(path, cv::IMREAD_COLOR);
  if (picture.empty()) return false;
  frame = gcv::to_frame(picture, path);
  return true;
}

void write_picture(const std::string& path, const gcv::ImageView& image) {
  const cv::Mat pixels(image.height, image.width, CV_8UC(gcv::channel_count(image.format)),
                       const_cast<std::uint8_t*>(image.data), static_cast<std::size_t>(image.stride));
  cv::Mat bgr = pixels;
  if (image.format == gcv::PixelFormat::rgb) cv::cvtColor(pixels, bgr, cv::COLOR_RGB2BGR);
  if (!cv::imwrite(path, bgr)) throw std::runtime_error(path + ": cannot be written");
}
