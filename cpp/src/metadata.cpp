#include "gcv_edge/metadata.h"

#include <utility>

#include "gcv_edge/error.h"
#include "utf8.h"
#include "wire_reader.h"

// Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, ModelProto and StringStringEntryProto.
namespace gcv {
namespace {

constexpr std::uint32_t kIrVersion = 1;
constexpr std::uint32_t kGraph = 7;
constexpr std::uint32_t kMetadataProps = 14;
constexpr std::uint32_t kEntryKey = 1;
constexpr std::uint32_t kEntryValue = 2;
constexpr std::uint64_t kMaxIrVersion = 1 << 16;

class MetadataReader {
 public:
  MetadataReader(const ByteSource& bytes, std::string path) : path_(std::move(path)), bytes_(bytes) {}

  Metadata read() {
    if (bytes_.size() == 0) fail("is empty, expected an ONNX model");
    WireReader model(bytes_, path_, 0, bytes_.size());
    WireField field;
    for (std::int64_t count = 1; model.next(field); ++count) {
      if (count > kMaxMetadataFields) fail("is not an ONNX model: it has too many fields");
      visit(field);
    }
    if (!has_ir_version_ || !has_graph_) fail("is not an ONNX model: it has no version or no graph");
    return std::move(entries_);
  }

 private:
  void visit(const WireField& field) {
    if (field.number == kIrVersion) {
      expect(field, WireType::varint);
      if (field.value == 0 || field.value > kMaxIrVersion) {
        fail("is not an ONNX model: IR version " + std::to_string(field.value));
      }
      has_ir_version_ = true;
    } else if (field.number == kGraph) {
      expect(field, WireType::bytes);
      has_graph_ = true;
    } else if (field.number == kMetadataProps) {
      expect(field, WireType::bytes);
      read_entry(field);
    }
  }

  void read_entry(const WireField& entry) {
    total_bytes_ += entry.size;
    if (entry.size > kMaxMetadataEntryBytes || total_bytes_ > kMaxMetadataTotalBytes ||
        static_cast<std::int64_t>(entries_.size()) == kMaxMetadataEntries) {
      fail("has more metadata than is accepted: 4096 entries, 16 MiB each, 64 MiB in all");
    }
    WireReader reader(bytes_, path_, entry.begin, entry.begin + entry.size);
    std::string key, value;
    WireField field;
    while (reader.next(field)) {
      if (field.number != kEntryKey && field.number != kEntryValue) continue;
      expect(field, WireType::bytes);
      (field.number == kEntryKey ? key : value) = reader.text(field);
    }
    if (!is_utf8(key) || !is_utf8(value)) fail("is damaged: a metadata entry is not UTF-8");
    if (!entries_.emplace(key, std::move(value)).second) fail("is damaged: a metadata key appears twice");
  }

  void expect(const WireField& field, WireType type) const {
    if (field.type != type) fail("is not an ONNX model: field " + std::to_string(field.number) + " has another type");
  }

  [[noreturn]] void fail(const std::string& problem) const { throw FormatError(path_, problem); }

  std::string path_;
  const ByteSource& bytes_;
  Metadata entries_;
  std::int64_t total_bytes_ = 0;
  bool has_ir_version_ = false;
  bool has_graph_ = false;
};

}  // namespace

Metadata read_metadata(const std::string& path) {
  const File file(path);
  return MetadataReader(file, path).read();
}

Metadata read_metadata(const void* data, std::size_t size, const std::string& name) {
  if (data == nullptr) throw ArgumentError(name + ": found no data, expected the content of an .onnx file");
  return MetadataReader(MemoryBytes(data, size), name).read();
}

}  // namespace gcv
