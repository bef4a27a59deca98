#include <gcv_edge/detector.h>
#include <gcv_edge/version.h>

#include <cstdio>
#include <vector>

int main(int, char** arguments) {
  std::vector<unsigned char> pixels(64 * 64 * 3);
  for (std::size_t i = 0; i < pixels.size(); i += 3) pixels[i] = 255;
  const gcv::Detector detector(arguments[1]);
  const gcv::Result found = detector.run({pixels.data(), 64, 64, 0, gcv::PixelFormat::rgb});
  std::printf("gcv-edge %s: %zu objects\n", gcv::version(), found.size());
  return !found.empty() && found.name(0) == "red" ? 0 : 1;
}
