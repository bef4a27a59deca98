#include "wire_reader.h"

#include <algorithm>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

constexpr std::int64_t kWindow = 512;
constexpr std::uint64_t kMaxFieldNumber = (1u << 29) - 1;

}  // namespace

WireReader::WireReader(const ByteSource& bytes, std::string path, std::int64_t begin, std::int64_t end)
    : bytes_(bytes), path_(std::move(path)), position_(begin), end_(end) {}

void WireReader::fail(const std::string& problem) const { throw FormatError(path_, problem); }

std::uint8_t WireReader::byte() {
  if (position_ >= end_) fail("is truncated: it ends inside a field at byte " + std::to_string(position_));
  if (position_ < window_begin_ || position_ >= window_begin_ + static_cast<std::int64_t>(window_.size())) {
    window_.resize(static_cast<std::size_t>(std::min(kWindow, end_ - position_)));
    const std::int64_t got = bytes_.read(position_, window_.data(), static_cast<std::int64_t>(window_.size()));
    if (got < 1) fail("became shorter while it was read");
    window_.resize(static_cast<std::size_t>(got));
    window_begin_ = position_;
  }
  return window_[static_cast<std::size_t>(position_++ - window_begin_)];
}

std::uint64_t WireReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint64_t part = byte();
    if (shift == 63 && part > 1) break;
    value |= (part & 0x7f) << shift;
    if (part < 0x80) return value;
  }
  fail("is not an ONNX model: malformed number before byte " + std::to_string(position_));
}

std::int64_t WireReader::content_size(WireField& field) {
  std::uint64_t size = 0;
  switch (field.type) {
    case WireType::varint:
      field.value = varint();
      return 0;
    case WireType::fixed64:
      size = 8;
      break;
    case WireType::fixed32:
      size = 4;
      break;
    case WireType::bytes:
      size = varint();
      break;
    default:
      fail("is not an ONNX model: unknown kind of field before byte " + std::to_string(position_));
  }
  const std::int64_t left = end_ - position_;
  if (size > static_cast<std::uint64_t>(left)) {
    fail("is truncated or damaged: field " + std::to_string(field.number) + " says " + std::to_string(size) +
         " bytes, " + std::to_string(left) + " are left");
  }
  return static_cast<std::int64_t>(size);
}

bool WireReader::next(WireField& field) {
  if (position_ == end_) return false;
  const std::uint64_t tag = varint();
  const std::uint64_t number = tag >> 3;
  if (number == 0 || number > kMaxFieldNumber) {
    fail("is not an ONNX model: field number " + std::to_string(number) + " before byte " + std::to_string(position_));
  }
  field.number = static_cast<std::uint32_t>(number);
  field.type = static_cast<WireType>(tag & 7);
  field.size = content_size(field);
  field.begin = position_;
  position_ += field.size;
  return true;
}

std::string WireReader::text(const WireField& field) const {
  std::string content(static_cast<std::size_t>(field.size), '\0');
  if (bytes_.read(field.begin, content.data(), field.size) != field.size) fail("became shorter while it was read");
  return content;
}

}  // namespace gcv
