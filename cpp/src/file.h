#pragma once

#include <cstdint>
#include <string>

namespace gcv {

/// Bytes that are read at any place: a file, or what is in memory already.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual std::int64_t size() const = 0;

  /// Read up to `count` bytes from `offset`; fewer at the end.
  virtual std::int64_t read(std::int64_t offset, void* out, std::int64_t count) const = 0;
};

/// A regular file opened for reading. Throws FormatError where it cannot.
class File : public ByteSource {
 public:
  explicit File(const std::string& path);
  ~File() override;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t offset, void* out, std::int64_t count) const override;

 private:
  std::string path_;
  int descriptor_;
  std::int64_t size_ = 0;
};

/// Somebody else's bytes.
class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(const void* data, std::size_t size)
      : data_(static_cast<const char*>(data)), size_(static_cast<std::int64_t>(size)) {}

  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t offset, void* out, std::int64_t count) const override;

 private:
  const char* data_;
  std::int64_t size_;
};

}  // namespace gcv
