#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "../check.h"
#include "gcv_edge/detector.h"
#include "gcv_edge/error.h"
#include "networks.h"

// How a network is run: device, cache, requests, log; and what is refused.
namespace {

const Solid kRed(255, 0, 0);

/// A folder that goes with it.
class Folder {
 public:
  Folder() {
    char text[] = "/tmp/gcv_edge_XXXXXX";
    path_ = mkdtemp(text);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

gcv::Options on(const std::string& device) {
  gcv::Options options;
  options.device = device;
  return options;
}

/// Content of a network's file with more metadata: a message goes on with what is written behind it.
std::string with_metadata(const std::string& name, const gcv::Metadata& entries) {
  std::ifstream stream(network(name), std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(stream), {});
  const auto field = [](int tag, const std::string& text) {
    return std::string{static_cast<char>(tag), static_cast<char>(text.size())} + text;
  };
  for (const auto& [key, value] : entries) content += field(0x72, field(0x0a, key) + field(0x12, value));
  return content;
}

/// A detector whose file says how it runs best.
gcv::Detector open_measured(const gcv::Metadata& entries, const gcv::Options& options) {
  return gcv::Detector(gcv::ModelSource::from_bytes(with_metadata("detection", entries)), options);
}

void open_with(const gcv::Options& options) { gcv::Detector(network("detection"), options); }

}  // namespace

TEST(options, devices) {
  const gcv::Detector automatic(network("detection"), on("AUTO"));
  CHECK(automatic.run(kRed.view).size() == 2 && automatic.streams() >= 1);
  CHECK_ERROR(gcv::ArgumentError, "device: found 'TPU', expected one of CPU, GPU, NPU, AUTO", open_with(on("TPU")));
  CHECK_ERROR(gcv::ArgumentError, "device: found ''", open_with(on("")));
  CHECK_ERROR(gcv::UnsupportedError, "device 'NPU.7': OpenVINO finds none here, it finds CPU", open_with(on("NPU.7")));
  gcv::Options threads = on("AUTO");
  threads.threads = 1;
  open_with(threads);
}

TEST(options, what_is_left_open_is_as_the_file_was_measured_to_run_best) {
  gcv::Options options;
  options.threads = 2;
  options.hint = gcv::Hint::throughput;
  const gcv::Metadata two{{"gcv_edge batch", "1"}, {"gcv_edge streams", "2"}, {"gcv_edge cpus", "2"}};
  const gcv::Metadata one{{"gcv_edge batch", "1"}, {"gcv_edge streams", "1"}, {"gcv_edge cpus", "2"}};
  CHECK(open_measured(two, options).streams() == 2 && open_measured(one, options).streams() == 1);
  options.streams = 2;
  CHECK(open_measured(one, options).streams() == 2);
  options = {};
  CHECK(open_measured(two, options).streams() == gcv::Detector(network("detection")).streams());  // of many at once
  options.threads = 1;
  options.hint = gcv::Hint::throughput;
  CHECK(open_measured(two, options).streams() == 1);  // other CPUs than it was measured with
  options = {};
  options.precision = gcv::Precision::automatic;
  CHECK(open_measured({{"gcv_edge precision", "f32"}}, options).precision() == "f32");
  const std::string left_to_the_engine = gcv::Detector(network("detection"), options).precision();
  CHECK(open_measured({{"gcv_edge precision", "bf16"}}, options).precision() == left_to_the_engine);
  CHECK(open_measured({{"gcv_edge precision", "bf16"}}, {}).precision() == "f32");
}

TEST(options, numbers_that_are_in_no_enumeration) {
  gcv::Options precision, hint, requests;
  precision.precision = static_cast<gcv::Precision>(3);
  CHECK_ERROR(gcv::ArgumentError, "precision: found 3, expected 0 to 2", open_with(precision));
  hint.hint = static_cast<gcv::Hint>(-1);
  CHECK_ERROR(gcv::ArgumentError, "hint: found -1, expected 0 to 1", open_with(hint));
  requests.requests = -1;
  CHECK_ERROR(gcv::ArgumentError, "requests: found -1", open_with(requests));
}

TEST(options, a_cache_makes_the_next_open_one_from_the_cache) {
  const Folder folder;
  std::vector<std::string> lines;
  gcv::Options options;
  options.cache_dir = folder / "compiled";
  options.log = [&](const std::string& line) { lines.push_back(line); };
  const gcv::Result expected = gcv::Detector(network("detection")).run(kRed.view);
  for (int i = 0; i < 2; ++i) {
    CHECK(gcv::Detector(network("detection"), options).run(kRed.view).boxes == expected.boxes);
  }
  CHECK(lines.size() == 2);
  CHECK(lines[0].find("detection.onnx: opened for batch 1 in ") != std::string::npos);
  CHECK(lines[0].find("from the cache") == std::string::npos && lines[1].find("from the cache") != std::string::npos);
}

TEST(options, fewer_threads_than_cpus_are_left_to_the_scheduler) {
  if (std::thread::hardware_concurrency() < 2) return;
  std::string line;
  gcv::Options options;
  options.log = [&](const std::string& told) { line = told; };
  options.threads = 1;
  open_with(options);
  CHECK(line.find(", 1 thread, ") != std::string::npos);
}

TEST(options, a_damaged_cache_is_made_again) {
  const Folder folder;
  gcv::Options options;
  options.cache_dir = folder / "compiled";
  open_with(options);
  int damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(options.cache_dir)) {
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
    std::ofstream(entry.path(), std::ios::binary) << "what is this";
    ++damaged;
  }
  CHECK(damaged > 0);
  CHECK(gcv::Detector(network("detection"), options).run(kRed.view).size() == 2);
}

TEST(options, a_cache_that_cannot_be) {
  const Folder folder;
  gcv::Options options;
  options.cache_dir = folder / "no/folder";
  CHECK_ERROR(gcv::ArgumentError, "no/folder: cannot be made: No such file or directory", open_with(options));
  options.cache_dir = network("detection");
  CHECK_ERROR(gcv::ArgumentError, "detection.onnx: found a file, expected a folder", open_with(options));
  options.cache_dir = folder / "link";
  std::filesystem::create_symlink("nothing", options.cache_dir);
  CHECK_ERROR(gcv::ArgumentError, "link: cannot be made: File exists", open_with(options));
  options.cache_dir = std::string("a\0b", 3);
  CHECK_ERROR(gcv::ArgumentError, "cache_dir: found a zero byte", open_with(options));
}

TEST(options, fewer_requests_than_threads) {
  gcv::Options options;
  options.requests = 1;
  const gcv::Detector detector(network("detection"), options);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int run = 0; run < 20; ++run) right += detector.run(kRed.view).size() == 2 ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 80);
}

TEST(options, a_log_that_throws_is_not_heard) {
  gcv::Options options;
  options.log = [](const std::string& /*line*/) { throw std::runtime_error("no room for lines"); };
  CHECK(gcv::Detector(network("detection"), options).run(kRed.view).size() == 2);
}
