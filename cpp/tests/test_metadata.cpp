#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "check.h"
#include "gcv_edge/error.h"
#include "gcv_edge/metadata.h"

namespace {

const std::string kSound("\x08\x0a\x12\x03gcv\x3a\x00\x42\x02\x10\x11\x72\x0c\x0a\x03key\x12\x05value", 27);

/// A file that is gone with this object.
class TemporaryFile {
 public:
  TemporaryFile() {
    const char* folder = std::getenv("TMPDIR");
    name_ = std::string(folder == nullptr ? "/tmp" : folder) + "/gcv_edge_" + std::to_string(std::random_device()());
  }
  ~TemporaryFile() { std::remove(name_.c_str()); }

  const std::string& write(const std::string& content) {
    std::ofstream(name_, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
    return name_;
  }

 private:
  std::string name_;
};

}  // namespace

TEST(metadata, entries_are_read) {
  TemporaryFile file;
  CHECK(gcv::read_metadata(file.write(kSound)) == gcv::Metadata({{"key", "value"}}));
}

TEST(metadata, damage_is_named) {
  TemporaryFile file;
  CHECK_ERROR(gcv::FormatError, "is empty", gcv::read_metadata(file.write("")));
  CHECK_ERROR(gcv::FormatError, "is truncated", gcv::read_metadata(file.write(kSound.substr(0, 20))));
  CHECK_ERROR(gcv::FormatError, "cannot be opened", gcv::read_metadata("/nowhere/model.onnx"));
  CHECK_ERROR(gcv::FormatError, "is a directory", gcv::read_metadata("/"));
}

TEST(metadata, mutations_never_crash) {
  TemporaryFile file;
  std::mt19937 engine(3);
  for (int round = 0; round < 600; ++round) {
    std::string content = kSound.substr(0, engine() % (kSound.size() + 1));
    for (unsigned changes = engine() % 5; changes > 0 && !content.empty(); --changes) {
      content[engine() % content.size()] = static_cast<char>(engine() % 256);
    }
    try {
      gcv::read_metadata(file.write(content));
    } catch (const gcv::FormatError&) {
      continue;
    }
  }
}
