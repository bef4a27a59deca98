#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "gcv_edge/detections.h"
#include "gcv_edge/error.h"
#include "gcv_edge/frame.h"
#include "gcv_edge/image.h"
#include "gcv_edge/picture.h"
#include "gcv_edge/segmentation.h"

// For programs that use OpenCV; the library itself does not. Nothing is copied.
namespace gcv {

/// A picture of 8-bit BGR, BGRA or grey pixels; it must outlive the view. Throws ArgumentError for another type.
inline ImageView view(const cv::Mat& picture) {
  const int channels = picture.channels();
  if (picture.depth() != CV_8U || (channels != 1 && channels != 3 && channels != 4) || picture.dims > 2) {
    throw ArgumentError("picture: found " + cv::typeToString(picture.type()) +
                        ", expected CV_8UC1, CV_8UC3 or CV_8UC4");
  }
  const PixelFormat format = channels == 1 ? PixelFormat::gray : channels == 3 ? PixelFormat::bgr : PixelFormat::bgra;
  return {picture.data, picture.cols, picture.rows, static_cast<std::ptrdiff_t>(picture.step[0]), format};
}

/// A frame of a stream that keeps the picture alive.
inline Frame to_frame(const cv::Mat& picture, std::string name = {}) {
  auto owner = std::make_shared<const cv::Mat>(picture);
  const ImageView pixels = view(*owner);
  return {pixels, std::move(owner), std::move(name), 0};
}

/// What a network painted; the result must outlive it.
inline cv::Mat to_mat(const Picture& picture) {
  const int type = CV_8UC(channel_count(picture.format));
  return {picture.size.height, picture.size.width, type, const_cast<std::uint8_t*>(picture.pixels.data())};
}

/// Class ids, CV_8U or CV_32S; the result must outlive it.
inline cv::Mat to_mat(const Segmentation& result) {
  const bool is_wide = !result.wide_map.empty();
  const void* ids = is_wide ? static_cast<const void*>(result.wide_map.data()) : result.class_map.data();
  return {result.size.height, result.size.width, is_wide ? CV_32S : CV_8U, const_cast<void*>(ids)};
}

/// A box of Detections.
inline cv::Rect2f to_rect(const std::array<float, 4>& box) {
  return {box[0], box[1], box[2] - box[0], box[3] - box[1]};
}

}  // namespace gcv
