#include "netpbm.h"

#include <cctype>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <vector>

namespace {

constexpr int kLongestSide = 32768;

/// The next number of a header, past spaces and comments.
int read_number(std::istream& stream) {
  while (std::isspace(stream.peek()) || stream.peek() == '#') {
    if (stream.get() == '#') stream.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  int number = 0;
  if (!(stream >> number) || number < 1 || number > kLongestSide) throw std::runtime_error("found no PPM picture");
  return number;
}

}  // namespace

bool read_netpbm(std::istream& stream, gcv::Frame& frame) {
  while (std::isspace(stream.peek())) stream.get();
  if (stream.peek() == std::istream::traits_type::eof()) return false;
  char kind[2] = {};
  stream.read(kind, 2);
  if (kind[0] != 'P' || (kind[1] != '5' && kind[1] != '6')) throw std::runtime_error("found no PPM picture (P6 or P5)");
  const int width = read_number(stream), height = read_number(stream), most = read_number(stream);
  if (most != 255) throw std::runtime_error("found levels up to " + std::to_string(most) + ", expected 255");
  stream.get();
  const auto format = kind[1] == '6' ? gcv::PixelFormat::rgb : gcv::PixelFormat::gray;
  const std::ptrdiff_t row = std::ptrdiff_t{width} * gcv::channel_count(format);
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(row) * height);
  stream.read(reinterpret_cast<char*>(pixels->data()), static_cast<std::streamsize>(pixels->size()));
  if (stream.gcount() != static_cast<std::streamsize>(pixels->size()))
    throw std::runtime_error("the picture is cut off");
  frame.image = {pixels->data(), width, height, row, format};
  frame.owner = std::move(pixels);
  return true;
}

void write_netpbm(const std::string& path, const gcv::ImageView& image) {
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << image.width << " " << image.height << "\n255\n";
  const int channels = gcv::channel_count(image.format);
  const bool is_rgb = image.format == gcv::PixelFormat::rgb || image.format == gcv::PixelFormat::rgba;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* pixel = image.row(y) + std::ptrdiff_t{x} * channels;
      for (int c = 0; c < 3; ++c) file.put(static_cast<char>(pixel[channels == 1 ? 0 : is_rgb ? c : 2 - c]));
    }
  }
  if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
}
