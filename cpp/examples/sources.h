#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gcv_edge/frame.h"

/// Where frames come from: pictures, folders (their pictures by name), "-" (PPM pictures on standard input) and, with
/// OpenCV, videos, addresses and cameras' numbers. What cannot be read throws std::runtime_error when its turn comes.
gcv::FrameSource open_source(const std::vector<std::string>& inputs);

/// One input.
gcv::FrameSource open_input(const std::string& input);

/// What a build can read, for the help text.
const char* describe_inputs();

/// Save a picture in a folder under its frame's name.
void save_picture(const std::string& folder, const gcv::Frame& frame, const gcv::ImageView& picture);

#ifdef EXAMPLES_OPENCV
gcv::FrameSource open_capture(const std::string& input);
bool read_picture(const std::string& path, gcv::Frame& frame);
void write_picture(const std::string& path, const gcv::ImageView& image);
#endif
