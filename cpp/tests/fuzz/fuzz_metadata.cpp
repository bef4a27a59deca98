// Model files of any content: read_metadata() and parse_metadata() return or throw FormatError.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "gcv_edge/error.h"
#include "gcv_edge/model_metadata.h"

namespace {

/// A file in memory that can be opened by a path.
class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : descriptor_(memfd_create("model", 0)) {
    if (descriptor_ < 0 || write(descriptor_, data, size) != static_cast<ssize_t>(size)) std::abort();
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// The fuzzer's bytes as a map of keys that exist: "key number, text, newline".
gcv::Metadata to_entries(const std::uint8_t* data, std::size_t size) {
  static const char* const kKeys[] = {"gcv_edge task",
                                      "gcv_edge labels",
                                      "model_info mean_values",
                                      "model_info scale_values",
                                      "model_info resize_type",
                                      "model_info reverse_input_channels",
                                      "model_info pad_value",
                                      "gcv_edge crop_short",
                                      "gcv_edge crop_wide",
                                      "gcv_edge short_side",
                                      "gcv_edge long_side",
                                      "gcv_edge box_rule",
                                      "gcv_edge nms",
                                      "gcv_edge nms_topk",
                                      "gcv_edge post_nms",
                                      "gcv_edge class_agnostic",
                                      "model_info iou_threshold",
                                      "model_info confidence_threshold",
                                      "gcv_edge clip_window",
                                      "gcv_edge clip_offsets",
                                      "gcv_edge clip_segments",
                                      "gcv_edge clip_in_graph",
                                      "gcv_edge depth",
                                      "gcv_edge image_range"};
  gcv::Metadata entries{{"gcv_edge task", "detection"},       {"model_info mean_values", "0 0 0"},
                        {"model_info scale_values", "1 1 1"}, {"model_info reverse_input_channels", "YES"},
                        {"model_info resize_type", "crop"},   {"model_info pad_value", "0"},
                        {"gcv_edge crop_short", "0"}};
  for (std::size_t i = 0; i < size;) {
    const char* key = kKeys[data[i++] % (sizeof kKeys / sizeof *kKeys)];
    std::string value;
    while (i < size && data[i] != '\n') value += static_cast<char>(data[i++]);
    ++i;
    entries[key] = value;
  }
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const MemoryFile file(data, size);
    gcv::parse_metadata(gcv::read_metadata(file.path()), "model.onnx");
  } catch (const gcv::FormatError&) {
  }
  try {
    gcv::parse_metadata(to_entries(data, size), "model.onnx");
  } catch (const gcv::FormatError&) {
  }
  return 0;
}
