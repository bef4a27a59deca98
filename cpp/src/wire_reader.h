#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "file.h"

namespace gcv {

/// Wire types of protocol buffers that ONNX files use.
enum class WireType { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// One field of a message: its number, type and where its content lies.
struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  ///< of a varint
  std::int64_t begin = 0;   ///< offset of the content
  std::int64_t size = 0;    ///< bytes of the content
};

/// Walks the fields of a message that lies in [begin, end) of some bytes without reading their contents.
///
/// https://protobuf.dev/programming-guides/encoding. Every step advances, so a walk ends.
class WireReader {
 public:
  WireReader(const ByteSource& bytes, std::string path, std::int64_t begin, std::int64_t end);

  /// Read the next field's head; false at the end. Throws FormatError for anything malformed.
  bool next(WireField& field);

  /// Content of a field of bytes.
  std::string text(const WireField& field) const;

 private:
  std::uint64_t varint();
  std::uint8_t byte();
  std::int64_t content_size(WireField& field);
  [[noreturn]] void fail(const std::string& problem) const;

  const ByteSource& bytes_;
  std::string path_;
  std::int64_t position_;
  std::int64_t end_;
  std::vector<std::uint8_t> window_;  ///< the bytes from window_begin_ on
  std::int64_t window_begin_ = 0;
};

}  // namespace gcv
