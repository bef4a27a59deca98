#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gcv {

/// A regular file opened for reading at any place. Throws FormatError where it cannot.
class File {
 public:
  explicit File(const std::string& path);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::int64_t size() const { return size_; }

  /// Read up to `count` bytes from `offset`; fewer at the end of the file.
  std::int64_t read(std::int64_t offset, void* out, std::int64_t count) const;

 private:
  std::string path_;
  int descriptor_;
  std::int64_t size_ = 0;
};

}  // namespace gcv
