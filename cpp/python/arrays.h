#pragma once

#include <Python.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gcv_edge/image.h"

namespace gcv::python {

/// A borrowed view of anything that speaks the buffer protocol; no copy is made.
class Array {
 public:
  /// Throws nanobind::type_error if `object` is not an array.
  Array(PyObject* object, const char* name, bool writable = false);
  ~Array();
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  int dimensions() const { return view_.ndim; }
  std::int64_t size(int axis) const { return view_.shape[axis]; }
  std::int64_t stride(int axis) const { return view_.strides[axis]; }
  bool is_float32() const { return is_type('f', 4); }
  bool is_bool() const { return is_type('?', 1); }
  bool is_uint8() const { return is_type('B', 1); }
  bool is_contiguous() const;

  /// Whether the last two axes lie in memory without gaps; the others may be anywhere.
  bool has_contiguous_planes() const;

  /// Whether the first axis steps by whole numbers that are at least `count` apart.
  bool steps_over(std::int64_t count) const;

  template <typename T>
  T* data() const {
    return static_cast<T*>(view_.buf);
  }

  /// "float32 [3, 416, 416]", for messages.
  std::string describe() const;
  const char* name() const { return name_; }

 private:
  bool is_type(char code, int bytes) const;

  const char* name_;
  Py_buffer view_{};
};

/// A contiguous float32 array of a given number of dimensions; `last` >= 0 fixes the last one.
///
/// Throws nanobind::type_error for another type and nanobind::value_error for another shape or layout.
void check_floats(const Array& array, int dimensions, std::int64_t last = -1);

/// A picture given as an array: [height, width, channels], or [height, width] if gray. Planes of luma and chroma are
/// one array, [height * 3 / 2, width].
///
/// Views with any strides are taken; only pixels that do not lie side by side are copied.
class PixelArray {
 public:
  PixelArray(PyObject* object, const std::string& pixel_format, const std::string& matrix, const std::string& range);

  const ImageView& image() const { return image_; }

 private:
  void check(PixelFormat format, int channels) const;
  void copy_pixels(int channels);

  Array array_;
  ImageView image_;
  std::vector<std::uint8_t> copy_;
};

/// An int that a size or coordinate is stored in; throws nanobind::value_error if it does not fit.
int to_int(std::int64_t value, const char* name);

}  // namespace gcv::python
