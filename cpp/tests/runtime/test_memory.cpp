#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "../check.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/error.h"
#include "networks.h"
#include "sanitized.h"

// Networks from memory, and memory that runs out.
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Lets the process have only so many bytes more, as long as it lives.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::size_t more) : more_(more) {
    std::ifstream file("/proc/self/statm");
    rlim_t pages = 0;
    file >> pages;
    getrlimit(RLIMIT_AS, &old_);
    const rlimit limit{pages * 4096 + more, old_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLimit() { setrlimit(RLIMIT_AS, &old_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

  /// Tell whether more than that is refused: qemu's user mode takes limits and ignores them.
  bool is_kept() const {
    void* const block = mmap(nullptr, 2 * more_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED || munmap(block, 2 * more_) != 0;
  }

 private:
  std::size_t more_;
  rlimit old_{};
};

}  // namespace

TEST(memory, a_network_from_memory_is_the_one_of_the_file) {
  const Solid red(255, 0, 0);
  for (const char* name : {"detection", "detection_of_two"}) {
    const gcv::Detector from_file(network(name));
    std::string content = read_all(network(name));
    const gcv::Detector taken(gcv::ModelSource::from_bytes(content, "built in"));
    const gcv::Detector copied(gcv::ModelSource::from_bytes(content.data(), content.size()));
    content.assign(content.size(), 'x');
    CHECK(taken.path() == "built in" && copied.path() == "model");
    CHECK(taken.entries() == from_file.entries() && taken.entries().at("gcv_edge task") == "detection");
    for (const gcv::Detector* detector : {&taken, &copied}) {
      CHECK(detector->run(red.view).boxes == from_file.run(red.view).boxes);
      CHECK(detector->run_batch({red.view, red.view, red.view}).size() == 3);
    }
  }
}

TEST(memory, bytes_that_are_no_network) {
  const auto open = [](const std::string& content) { gcv::Detector(gcv::ModelSource::from_bytes(content, "mine")); };
  const std::string sound = read_all(network("detection"));
  CHECK_ERROR(gcv::FormatError, "mine: is empty", open(""));
  CHECK_ERROR(gcv::FormatError, "mine: is not an ONNX model", open("no network at all"));
  CHECK_ERROR(gcv::FormatError, "mine: is truncated", open(sound.substr(0, sound.size() / 2)));
  CHECK_ERROR(gcv::ArgumentError, "model: found no data", gcv::ModelSource::from_bytes(nullptr, 7));
  CHECK_ERROR(gcv::ArgumentError, "model: found " + std::to_string(SIZE_MAX) + " bytes, more than memory can hold",
              gcv::ModelSource::from_bytes(sound.data(), SIZE_MAX));
}

TEST(memory, too_little_of_it_is_no_fault_of_the_file) {
  if (kIsSanitized) return;
  const gcv::Detector detector(network("detection"));
  const Solid red(255, 0, 0);
  detector.run(red.view);
  const std::vector<gcv::ImageView> many(40'000, red.view);
  {
    const MemoryLimit limit(std::size_t{256} << 20);
    if (!limit.is_kept()) {
      std::printf("skipped: this machine keeps no limit of memory\n");
      return;
    }
    CHECK_ERROR(gcv::MemoryError, "out of memory", detector.run_batch(many));
  }
  CHECK(detector.run(red.view).size() == 2);
}
