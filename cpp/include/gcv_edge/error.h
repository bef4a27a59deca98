#pragma once

#include <stdexcept>
#include <string>

#include "gcv_edge/export.h"

namespace gcv {

/// Root of every exception this library throws on purpose.
///
///     Error
///     ├── ArgumentError     an argument makes no sense; the text names found and expected
///     ├── FormatError       a model file cannot be read, is damaged or is for another task
///     │   └── MetadataError it lacks (or contradicts) what the runtime needs to know
///     ├── NotFoundError     there is no such file
///     ├── UnsupportedError  a precision, device, task or setting that is not supported
///     ├── EngineError       the inference engine failed
///     ├── MemoryError       the inference engine found too little memory, also for threads
///     └── ForkError         a network is used in a process that was forked after it was opened
///
/// What the library allocates itself throws std::bad_alloc, as everywhere in C++.
class GCV_EDGE_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An argument is out of its range or does not fit the others.
class GCV_EDGE_API ArgumentError : public Error {
 public:
  using Error::Error;
};

/// A file cannot be read, is damaged or is of another kind. The text is "path: problem".
class GCV_EDGE_API FormatError : public Error {
 public:
  FormatError(std::string path, std::string problem)
      : Error(path + ": " + problem), path_(std::move(path)), problem_(std::move(problem)) {}

  const std::string& path() const { return path_; }
  const std::string& problem() const { return problem_; }

 private:
  std::string path_;
  std::string problem_;
};

/// A model file lacks a metadata key that the runtime needs, or a key's value makes no sense.
class GCV_EDGE_API MetadataError : public FormatError {
 public:
  using FormatError::FormatError;
};

/// There is no such model file.
class GCV_EDGE_API NotFoundError : public Error {
 public:
  using Error::Error;
};

/// A precision, device, task or setting that is not supported here.
class GCV_EDGE_API UnsupportedError : public Error {
 public:
  using Error::Error;
};

/// The inference engine failed, or is not whole.
class GCV_EDGE_API EngineError : public Error {
 public:
  using Error::Error;
};

/// The inference engine found too little memory, also for threads.
class GCV_EDGE_API MemoryError : public Error {
 public:
  using Error::Error;
};

/// A network is used in a process that was forked after it was opened: its threads stayed behind.
class GCV_EDGE_API ForkError : public Error {
 public:
  using Error::Error;
};

}  // namespace gcv
