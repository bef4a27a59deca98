#include "file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "gcv_edge/error.h"

namespace gcv {
namespace {

std::string describe_error() { return std::generic_category().message(errno); }

}  // namespace

// O_NONBLOCK: opening a named pipe must not wait for a writer.
File::File(const std::string& path) : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) throw FormatError(path_, "cannot be opened: " + describe_error());
  struct stat status{};
  const bool known = fstat(descriptor_, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    throw FormatError(path_, S_ISDIR(status.st_mode) ? "is a directory, expected a file" : "is not a regular file");
  }
  size_ = status.st_size;
}

File::~File() { close(descriptor_); }

std::int64_t File::read(std::int64_t offset, void* out, std::int64_t count) const {
  std::int64_t done = 0;
  while (done < count) {
    const auto got = pread(descriptor_, static_cast<char*>(out) + done, static_cast<std::size_t>(count - done),
                           static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FormatError(path_, "cannot be read: " + describe_error());
    if (got == 0) break;
    done += got;
  }
  return done;
}

std::int64_t MemoryBytes::read(std::int64_t offset, void* out, std::int64_t count) const {
  const std::int64_t got = std::clamp<std::int64_t>(size_ - offset, 0, count);
  if (got > 0) std::memcpy(out, data_ + offset, static_cast<std::size_t>(got));
  return got;
}

}  // namespace gcv
