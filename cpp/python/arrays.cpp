#include "arrays.h"

#include <nanobind/nanobind.h>

#include <climits>
#include <cstdlib>
#include <cstring>

#include "gcv_edge/error.h"

namespace nb = nanobind;

namespace gcv::python {
namespace {

std::string type_name(const Py_buffer& view) {
  const std::string format = view.format == nullptr ? "B" : view.format;
  const char code = format.empty() ? '?' : format.back();
  const std::string bits = std::to_string(view.itemsize * 8);
  if (std::strchr("efdg", code) != nullptr) return "float" + bits;
  if (std::strchr("bhilqn", code) != nullptr) return "int" + bits;
  if (std::strchr("BHILQN", code) != nullptr) return "uint" + bits;
  return code == '?' ? "bool" : "type '" + format + "'";
}

[[noreturn]] void refuse_type(const Array& array, const char* expected) {
  throw nb::type_error((std::string(array.name()) + ": found " + array.describe() + ", expected " + expected).c_str());
}

[[noreturn]] void refuse_value(const Array& array, const std::string& expected) {
  throw nb::value_error((std::string(array.name()) + ": found " + array.describe() + ", expected " + expected).c_str());
}

}  // namespace

Array::Array(PyObject* object, const char* name, bool writable) : name_(name) {
  const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object, &view_, flags) != 0) {
    PyErr_Clear();
    const bool is_array = PyObject_CheckBuffer(object) != 0;
    const nb::str type = nb::str(nb::handle(object).type().attr("__name__"));
    const std::string found = is_array ? "a read-only or unusual array" : type.c_str();
    const std::string text = std::string(name) + ": found " + found + ", expected " +
                             (writable ? "a writable NumPy array" : "a NumPy array");
    if (is_array) throw nb::value_error(text.c_str());
    throw nb::type_error(text.c_str());
  }
}

Array::~Array() { PyBuffer_Release(&view_); }

bool Array::is_contiguous() const { return PyBuffer_IsContiguous(&view_, 'C') != 0; }

bool Array::has_contiguous_planes() const {
  const std::int64_t height = size(view_.ndim - 2), width = size(view_.ndim - 1);
  return (width <= 1 || stride(view_.ndim - 1) == view_.itemsize) &&
         (height <= 1 || stride(view_.ndim - 2) == width * view_.itemsize);
}

bool Array::steps_over(std::int64_t count) const {
  return stride(0) % view_.itemsize == 0 && std::abs(stride(0)) / view_.itemsize >= count;
}

bool Array::is_type(char code, int bytes) const {
  const char* format = view_.format == nullptr ? "B" : view_.format;
  if (*format == '=' || *format == '@' || *format == '<') ++format;
  return format[0] == code && format[1] == '\0' && view_.itemsize == bytes;
}

std::string Array::describe() const {
  std::string text = type_name(view_) + " [";
  for (int i = 0; i < view_.ndim; ++i) text += (i > 0 ? ", " : "") + std::to_string(view_.shape[i]);
  return text + "]" + (is_contiguous() ? "" : " (not contiguous)");
}

void check_floats(const Array& array, int dimensions, std::int64_t last) {
  if (!array.is_float32()) refuse_type(array, "a float32 array");
  const bool fits = array.dimensions() == dimensions && (last < 0 || array.size(dimensions - 1) == last);
  if (!fits || !array.is_contiguous()) {
    refuse_value(array, "a C-contiguous array of " + std::to_string(dimensions) + " dimensions" +
                            (last < 0 ? "" : ", the last " + std::to_string(last)));
  }
}

int to_int(std::int64_t value, const char* name) {
  if (value < INT_MIN || value > INT_MAX) {
    throw nb::value_error(
        (std::string(name) + ": found " + std::to_string(value) + ", expected at most 2^31 - 1").c_str());
  }
  return static_cast<int>(value);
}

namespace {

/// A frame's planes below each other in one array of two dimensions, as OpenCV's cvtColor takes them.
bool has_planes(PixelFormat format) {
  return format == PixelFormat::nv12 || format == PixelFormat::nv21 || format == PixelFormat::i420;
}

std::string expected_shape(PixelFormat format, int channels) {
  if (has_planes(format)) return "[height * 3 / 2, width]";
  if (channels == 1) return "[height, width] or [height, width, 1]";
  return "[height, width, " + std::to_string(channels) + "]";
}

}  // namespace

PixelArray::PixelArray(PyObject* object, const std::string& pixel_format, const std::string& matrix,
                       const std::string& range)
    : array_(object, "frame") {
  const PixelFormat format = parse_pixel_format(pixel_format);
  const int channels = channel_count(format);
  check(format, channels);
  image_.data = array_.data<std::uint8_t>();
  image_.width = to_int(array_.size(1), "frame width");
  image_.height = to_int(has_planes(format) ? array_.size(0) / 3 * 2 : array_.size(0), "frame height");
  image_.stride = array_.size(0) == 1 ? array_.size(1) * channels : array_.stride(0);
  image_.format = format;
  image_.matrix = parse_yuv_matrix(matrix);
  image_.range = parse_yuv_range(range);
  const bool side_by_side = (image_.width == 1 || array_.stride(1) == channels) &&
                            (array_.dimensions() == 2 || channels == 1 || array_.stride(2) == 1);
  // Rows of arrays may overlap; planes that follow each other have strides of their own.
  const std::int64_t row = array_.size(1) * channels;
  const bool are_apart = format == PixelFormat::i420 ? image_.stride == row
                         : has_planes(format)        ? image_.stride >= row
                                                     : std::abs(image_.stride) >= row;
  if (!side_by_side || !are_apart) copy_pixels(channels);
  check_image(image_);
}

void PixelArray::check(PixelFormat format, int channels) const {
  if (!array_.is_uint8()) refuse_type(array_, "a uint8 array");
  const bool is_flat = channels == 1 && array_.dimensions() == 2;
  const bool fits = has_planes(format) ? is_flat && array_.size(0) % 3 == 0
                                       : is_flat || (array_.dimensions() == 3 && array_.size(2) == channels);
  if (!fits) refuse_value(array_, expected_shape(format, channels));
  if (array_.size(0) < 1 || array_.size(1) < 1) refuse_value(array_, "at least one pixel");
}

void PixelArray::copy_pixels(int channels) {
  const std::int64_t rows = array_.size(0), columns = array_.size(1);
  copy_.resize(static_cast<std::size_t>(rows * columns * channels));
  const std::int64_t channel_stride = array_.dimensions() == 3 ? array_.stride(2) : 1;
  std::uint8_t* out = copy_.data();
  for (std::int64_t y = 0; y < rows; ++y) {
    for (std::int64_t x = 0; x < columns; ++x) {
      const std::uint8_t* pixel = image_.data + y * array_.stride(0) + x * array_.stride(1);
      for (int c = 0; c < channels; ++c) *out++ = pixel[c * channel_stride];
    }
  }
  image_.data = copy_.data();
  image_.stride = 0;
}

}  // namespace gcv::python
