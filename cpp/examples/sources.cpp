#include "sources.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "netpbm.h"

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kNetpbm{".ppm", ".pgm"};
const std::vector<std::string> kPictures{".ppm", ".pgm", ".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"};

bool ends_with_one_of(const std::string& path, const std::vector<std::string>& suffixes) {
  std::string suffix = fs::path(path).extension().string();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(suffixes.begin(), suffixes.end(), suffix) != suffixes.end();
}

bool read_file(const std::string& path, gcv::Frame& frame) {
  frame.name = path;
  if (ends_with_one_of(path, kNetpbm)) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path + ": cannot be opened");
    if (read_netpbm(file, frame)) return true;
    throw std::runtime_error(path + ": is empty");
  }
#ifdef EXAMPLES_OPENCV
  if (read_picture(path, frame)) return true;
#endif
  throw std::runtime_error(path + ": found no picture, expected " + describe_inputs());
}

gcv::FrameSource read_list(std::vector<std::string> paths) {
  auto next = std::make_shared<std::size_t>(0);
  return [paths = std::move(paths), next](gcv::Frame& frame) {
    return *next < paths.size() && read_file(paths[(*next)++], frame);
  };
}

std::vector<std::string> list_pictures(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (ends_with_one_of(entry.path().string(), kPictures)) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  if (paths.empty()) throw std::runtime_error(folder + ": found no pictures");
  return paths;
}

bool read_standard_input(gcv::Frame& frame) {
  frame.name = "-";
  return read_netpbm(std::cin, frame);
}

}  // namespace

const char* describe_inputs() {
#ifdef EXAMPLES_OPENCV
  return "pictures, folders, videos, addresses, camera numbers, or - for PPM pictures on standard input";
#else
  return "PPM or PGM pictures, folders of them, or - for PPM pictures on standard input (built without OpenCV)";
#endif
}

gcv::FrameSource open_input(const std::string& input) {
  if (input == "-") return read_standard_input;
  if (fs::is_directory(input)) return read_list(list_pictures(input));
#ifdef EXAMPLES_OPENCV
  if (!fs::exists(input) || !ends_with_one_of(input, kPictures)) return open_capture(input);
#endif
  return read_list({input});
}

gcv::FrameSource open_source(const std::vector<std::string>& inputs) {
  struct Position {
    std::size_t input = 0;
    gcv::FrameSource source;
  };
  auto position = std::make_shared<Position>();
  return [inputs, position](gcv::Frame& frame) {
    while (position->input < inputs.size()) {
      if (!position->source) position->source = open_input(inputs[position->input]);
      if (position->source(frame)) return true;
      position->source = nullptr;
      ++position->input;
    }
    return false;
  };
}

void save_picture(const std::string& folder, const gcv::Frame& frame, const gcv::ImageView& picture) {
  fs::create_directories(folder);
  std::string name = frame.name == "-" ? "frame" : fs::path(frame.name).filename().string();
  std::replace(name.begin(), name.end(), '#', '_');
#ifdef EXAMPLES_OPENCV
  const bool is_picture = ends_with_one_of(name, kPictures);
  write_picture((fs::path(folder) / (is_picture ? name : name + ".jpg")).string(), picture);
#else
  if (name == "frame") name += std::to_string(frame.index);
  write_netpbm((fs::path(folder) / fs::path(name).stem()).string() + ".ppm", picture);
#endif
}
