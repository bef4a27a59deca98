// Where there is no libFuzzer: mutates seeds the same way every time. fuzz_... ROUNDS [SEED FILES]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Content = std::vector<std::uint8_t>;

Content read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t draw(std::mt19937& engine, std::size_t end) { return end == 0 ? 0 : engine() % end; }

void mutate(Content& content, std::mt19937& engine) {
  switch (engine() % 6) {
    case 0:
      content.resize(draw(engine, content.size() + 1));
      break;
    case 1:
      content.insert(content.begin() + static_cast<std::ptrdiff_t>(draw(engine, content.size() + 1)),
                     static_cast<std::uint8_t>(engine()));
      break;
    case 2:
      if (!content.empty()) {
        content.erase(content.begin() + static_cast<std::ptrdiff_t>(draw(engine, content.size())));
      }
      break;
    case 3:
      if (!content.empty()) content[draw(engine, content.size())] = static_cast<std::uint8_t>(0xff << engine() % 8);
      break;
    default:
      if (!content.empty()) content[draw(engine, content.size())] = static_cast<std::uint8_t>(engine());
  }
}

Content random_content(std::mt19937& engine) {
  Content content(draw(engine, 600));
  std::generate(content.begin(), content.end(), [&] { return static_cast<std::uint8_t>(engine()); });
  return content;
}

}  // namespace

int main(int count, char** arguments) {
  const long rounds = count > 1 ? std::atol(arguments[1]) : 1000;
  std::vector<Content> seeds;
  for (int i = 2; i < count; ++i) seeds.push_back(read_file(arguments[i]));
  std::mt19937 engine(11);
  for (long round = 0; round < rounds; ++round) {
    const bool has_seed = !seeds.empty() && round % 8 != 0;
    Content content = has_seed ? seeds[draw(engine, seeds.size())] : random_content(engine);
    for (std::size_t changes = engine() % 12; changes > 0; --changes) mutate(content, engine);
    LLVMFuzzerTestOneInput(content.data(), content.size());
  }
  std::printf("%ld rounds\n", rounds);
}
