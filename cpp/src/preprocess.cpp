#include "gcv_edge/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "axis.h"
#include "column_blender.h"
#include "crew.h"
#include "gcv_edge/error.h"
#include "kernels.h"

namespace gcv {
namespace {

/// Pixels for which waking helpers is worth it.
constexpr std::int64_t kCrewPixels = 1 << 16;

PixelLayout layout_of(PixelFormat format, bool reverse_channels) {
  const int step = channel_count(format);
  if (format == PixelFormat::gray) return {step, {0, 0, 0}};
  const bool frame_is_rgb = format == PixelFormat::rgb || format == PixelFormat::rgba;
  if (frame_is_rgb == reverse_channels) return {step, {0, 1, 2}};
  return {step, {2, 1, 0}};
}

ChannelScale scale_of(const Normalization& normalization) {
  ChannelScale scale{};
  for (int c = 0; c < 3; ++c) {
    const float divisor = normalization.scale[c];
    if (!std::isfinite(normalization.mean[c])) throw ArgumentError("mean: found a number that is not finite");
    if (!std::isfinite(divisor) || divisor == 0 || !std::isfinite(1 / divisor)) {
      throw ArgumentError("scale: found " + std::to_string(divisor) + ", expected a finite number other than 0");
    }
    scale.mean[c] = normalization.mean[c];
    scale.factor[c] = 1 / divisor;
  }
  return scale;
}

void check_target(const Rect& target, Size input) {
  if (target.width > input.width - target.x || target.height > input.height - target.y) {
    throw ArgumentError("placement target: found " + std::to_string(target.width) + "x" +
                        std::to_string(target.height) + " at (" + std::to_string(target.x) + ", " +
                        std::to_string(target.y) + "), expected it inside the input of " + std::to_string(input.width) +
                        "x" + std::to_string(input.height));
  }
}

/// Writes normalised float planes.
class FloatWriter {
 public:
  using Value = float;

  FloatWriter(const Normalization& normalization, const Kernels& kernels)
      : kernels_(kernels), scale_(scale_of(normalization)), pad_(normalization.pad_value) {}

  float pad(int channel) const { return (pad_ - scale_.mean[channel]) * scale_.factor[channel]; }

  void blend(const std::int16_t* top, const std::int16_t* bottom, int fraction, const PlaneRow<float>& out) const {
    kernels_.blend_rows_f32(top, bottom, fraction, scale_, out);
  }

  void spread(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<float>& out) const {
    kernels_.spread_f32(row, layout, scale_, out);
  }

 private:
  const Kernels& kernels_;
  ChannelScale scale_;
  float pad_;
};

/// Writes planes of levels.
class LevelWriter {
 public:
  using Value = std::uint8_t;

  LevelWriter(const Normalization& normalization, const Kernels& kernels)
      : kernels_(kernels),
        pad_(static_cast<std::uint8_t>(std::lround(std::clamp(normalization.pad_value, 0.0f, 255.0f)))) {}

  std::uint8_t pad(int /*channel*/) const { return pad_; }

  void blend(const std::int16_t* top, const std::int16_t* bottom, int fraction,
             const PlaneRow<std::uint8_t>& out) const {
    kernels_.blend_rows_u8(top, bottom, fraction, out);
  }

  void spread(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<std::uint8_t>& out) const {
    kernels_.spread_u8(row, layout, out);
  }

 private:
  const Kernels& kernels_;
  std::uint8_t pad_;
};

/// The part of the input that frame pixels fill.
struct Region {
  int x, y, width, height;
};

/// Rows of a region that one thread fills.
struct Band {
  int begin, end;
};

/// Three planes of the network's input.
template <typename T>
struct Planes {
  T* first;
  Size size;
  std::ptrdiff_t stride;  ///< numbers from a plane to the next

  PlaneRow<T> row(const Region& region, int y) const {
    T* begin = first + static_cast<std::ptrdiff_t>(region.y + y) * size.width + region.x;
    return {{begin, begin + stride, begin + 2 * stride}, static_cast<std::size_t>(region.width)};
  }
};

std::ptrdiff_t check_stride(std::ptrdiff_t stride, Size input) {
  const std::ptrdiff_t plane = static_cast<std::ptrdiff_t>(input.width) * input.height;
  if (stride == 0) return plane;
  if (std::abs(stride) < plane) {
    throw ArgumentError("plane_stride: found " + std::to_string(stride) + ", expected at least " +
                        std::to_string(plane) + " numbers from a plane to the next");
  }
  return stride;
}

template <typename T>
void fill_around(T* plane, Size input, const Region& region, T value) {
  const auto width = static_cast<std::size_t>(input.width);
  T* const rows_begin = plane + region.y * width;
  T* const rows_end = rows_begin + region.height * width;
  std::fill(plane, rows_begin, value);
  for (T* row = rows_begin; row != rows_end; row += width) {
    std::fill(row, row + region.x, value);
    std::fill(row + region.x + region.width, row + width, value);
  }
  std::fill(rows_end, plane + width * input.height, value);
}

template <typename Writer>
void spread_rows(const ImageView& frame, const PixelLayout& layout, const Axis& columns, const Axis& rows,
                 const Region& region, const Band& band, const Writer& writer,
                 const Planes<typename Writer::Value>& out) {
  for (int y = band.begin; y < band.end; ++y) {
    const std::uint8_t* row = frame.row(rows.index[y]) + static_cast<std::ptrdiff_t>(columns.index[0]) * layout.step;
    writer.spread(row, layout, out.row(region, y));
  }
}

template <typename Writer>
void blend_rows(const ImageView& frame, const PixelLayout& layout, const Axis& columns, const Axis& rows,
                const Region& region, const Band& band, const Writer& writer,
                const Planes<typename Writer::Value>& out) {
  ColumnBlender blender(frame, layout, columns, active_kernels());
  for (int y = band.begin; y < band.end; ++y) {
    const int top = rows.index[y];
    const int fraction = rows.fraction[y];
    const auto [upper, lower] = blender.rows(top, fraction == 0 ? top : top + 1);
    writer.blend(upper, lower, fraction << (15 - kWeightBits), out.row(region, y));
  }
}

template <typename Writer>
void resample(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
              typename Writer::Value* first, std::ptrdiff_t plane_stride, Crew* crew) {
  check_image(frame);
  check_target(placement.target(), input);
  if (!std::isfinite(normalization.pad_value)) throw ArgumentError("pad_value: found a number that is not finite");
  const Planes<typename Writer::Value> out{first, input, check_stride(plane_stride, input)};
  const Writer writer(normalization, active_kernels());
  const RectF& source = placement.source();
  const Rect& target = placement.target();
  const Axis columns = make_axis(source.x, source.width, target.width, frame.width);
  const Axis rows = make_axis(source.y, source.height, target.height, frame.height);
  const bool empty = columns.count() == 0 || rows.count() == 0;
  const Region region = empty ? Region{0, 0, 0, 0}
                              : Region{target.x + columns.first, target.y + rows.first, columns.count(), rows.count()};
  for (int c = 0; c < 3; ++c) fill_around(first + c * out.stride, input, region, writer.pad(c));
  if (empty) return;
  const PixelLayout layout = layout_of(frame.format, normalization.reverse_channels);
  const auto fill = columns.is_identity() && rows.is_identity() ? spread_rows<Writer> : blend_rows<Writer>;
  if (std::int64_t{region.width} * region.height < kCrewPixels) crew = nullptr;
  divide(crew, static_cast<std::size_t>(region.height), [&](int /*part*/, std::size_t begin, std::size_t end) {
    const Band band{static_cast<int>(begin), static_cast<int>(end)};
    if (begin < end) fill(frame, layout, columns, rows, region, band, writer, out);
  });
}

}  // namespace

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                float* out, std::ptrdiff_t plane_stride, Crew* crew) {
  resample<FloatWriter>(frame, placement, normalization, input, out, plane_stride, crew);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                std::uint8_t* out, std::ptrdiff_t plane_stride, Crew* crew) {
  resample<LevelWriter>(frame, placement, normalization, input, out, plane_stride, crew);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                float* out, std::ptrdiff_t plane_stride) {
  preprocess(frame, placement, normalization, input, out, plane_stride, nullptr);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                std::uint8_t* out, std::ptrdiff_t plane_stride) {
  preprocess(frame, placement, normalization, input, out, plane_stride, nullptr);
}

}  // namespace gcv
