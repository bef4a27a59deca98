#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/image.h"

/// Path of one of tests/data/networks.
inline std::string network(const std::string& name) { return std::string(GCV_EDGE_NETWORKS) + "/" + name + ".onnx"; }

/// A frame of one colour, BGR.
struct Solid {
  Solid(int red, int green, int blue, int width = 64, int height = 64)
      : pixels(std::size_t{3} * width * height), view{nullptr, width, height, std::ptrdiff_t{3} * width} {
    const int levels[3] = {blue, green, red};
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(levels[i % 3]);
    view.data = pixels.data();
  }

  std::vector<std::uint8_t> pixels;
  gcv::ImageView view;
};
