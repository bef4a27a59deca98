#include "gcv_edge/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "axis.h"
#include "column_blender.h"
#include "crew.h"
#include "gcv_edge/error.h"
#include "kernels.h"

namespace gcv {
namespace {

/// Pixels for which waking helpers is worth it.
constexpr std::int64_t kCrewPixels = 1 << 16;

/// Where the channels of a frame lie that become the network's, or red, green and blue where that sees grey.
PixelLayout layout_of(PixelFormat format, const Normalization& normalization) {
  const int step = channel_count(format);
  if (format == PixelFormat::gray) return {step, {0, 0, 0}};
  const bool frame_is_rgb = format == PixelFormat::rgb || format == PixelFormat::rgba;
  const bool wants_rgb = normalization.channels == 1 || normalization.reverse_channels;
  if (frame_is_rgb == wants_rgb) return {step, {0, 1, 2}};
  return {step, {2, 1, 0}};
}

ChannelScale scale_of(const Normalization& normalization) {
  ChannelScale scale{};
  for (int c = 0; c < normalization.channels; ++c) {
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

void check_channels(int channels) {
  if (channels == 1 || channels == 3) return;
  throw ArgumentError("channels: found " + std::to_string(channels) + ", expected 3 or 1");
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
    kernels_.blend_rows_f32(top, bottom, fraction, {out, scale_});
  }

  void spread(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<float>& out) const {
    kernels_.spread_f32(row, layout, {out, scale_});
  }

  void weigh(const LevelRow& colors, const PlaneRow<float>& out) const { kernels_.grey_f32(colors, {out, scale_}); }

  const Kernels& kernels() const { return kernels_; }

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

  void blend(const std::int16_t* top, const std::int16_t* bottom, int fraction, const LevelRow& out) const {
    kernels_.blend_rows_u8(top, bottom, fraction, out);
  }

  void spread(const std::uint8_t* row, const PixelLayout& layout, const LevelRow& out) const {
    kernels_.spread_u8(row, layout, out);
  }

  void weigh(const LevelRow& colors, const LevelRow& out) const { kernels_.grey_u8(colors, out); }

  const Kernels& kernels() const { return kernels_; }

 private:
  const Kernels& kernels_;
  std::uint8_t pad_;
};

/// Writes one plane of grey as another writer writes three of colours; every thread needs a copy.
template <typename Writer>
class GreyWriter : public Writer {
 public:
  using Value = typename Writer::Value;
  using Writer::Writer;

  void blend(const std::int16_t* top, const std::int16_t* bottom, int fraction, const PlaneRow<Value>& out) {
    const LevelRow colors = room(out.count);
    this->kernels().blend_rows_u8(top, bottom, fraction, colors);
    this->weigh(colors, out);
  }

  void spread(const std::uint8_t* row, const PixelLayout& layout, const PlaneRow<Value>& out) {
    const LevelRow colors = room(out.count);
    this->kernels().spread_u8(row, layout, colors);
    this->weigh(colors, out);
  }

 private:
  LevelRow room(std::size_t count) {
    levels_.resize(3 * count);
    std::uint8_t* red = levels_.data();
    return {{red, red + count, red + 2 * count}, count};
  }

  std::vector<std::uint8_t> levels_;
};

/// The part of the input that frame pixels fill.
struct Region {
  int x, y, width, height;
};

/// Rows of a region that one thread fills.
struct Band {
  int begin, end;
};

/// Three planes of the network's input, or one three times.
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

std::ptrdiff_t check_stride(std::ptrdiff_t stride, Size input, int channels) {
  if (channels == 1) return 0;
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
                 const Region& region, const Band& band, Writer& writer, const Planes<typename Writer::Value>& out) {
  for (int y = band.begin; y < band.end; ++y) {
    const std::uint8_t* row = frame.row(rows.index[y]) + static_cast<std::ptrdiff_t>(columns.index[0]) * layout.step;
    writer.spread(row, layout, out.row(region, y));
  }
}

template <typename Writer>
void blend_rows(const ImageView& frame, const PixelLayout& layout, const Axis& columns, const Axis& rows,
                const Region& region, const Band& band, Writer& writer, const Planes<typename Writer::Value>& out) {
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
  const int channels = normalization.channels;
  check_image(frame);
  check_channels(channels);
  check_target(placement.target(), input);
  if (!std::isfinite(normalization.pad_value)) throw ArgumentError("pad_value: found a number that is not finite");
  const Planes<typename Writer::Value> out{first, input, check_stride(plane_stride, input, channels)};
  const Writer writer(normalization, active_kernels());
  const RectF& source = placement.source();
  const Rect& target = placement.target();
  const Axis columns = make_axis(source.x, source.width, target.width, frame.width);
  const Axis rows = make_axis(source.y, source.height, target.height, frame.height);
  const bool empty = columns.count() == 0 || rows.count() == 0;
  const Region region = empty ? Region{0, 0, 0, 0}
                              : Region{target.x + columns.first, target.y + rows.first, columns.count(), rows.count()};
  for (int c = 0; c < channels; ++c) fill_around(first + c * out.stride, input, region, writer.pad(c));
  if (empty) return;
  const PixelLayout layout = layout_of(frame.format, normalization);
  const auto fill = columns.is_identity() && rows.is_identity() ? spread_rows<Writer> : blend_rows<Writer>;
  if (std::int64_t{region.width} * region.height < kCrewPixels) crew = nullptr;
  divide(crew, static_cast<std::size_t>(region.height), [&](int /*part*/, std::size_t begin, std::size_t end) {
    const Band band{static_cast<int>(begin), static_cast<int>(end)};
    Writer own = writer;
    if (begin < end) fill(frame, layout, columns, rows, region, band, own, out);
  });
}

}  // namespace

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                float* out, std::ptrdiff_t plane_stride, Crew* crew) {
  const auto run = normalization.channels == 1 ? resample<GreyWriter<FloatWriter>> : resample<FloatWriter>;
  run(frame, placement, normalization, input, out, plane_stride, crew);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                std::uint8_t* out, std::ptrdiff_t plane_stride, Crew* crew) {
  const auto run = normalization.channels == 1 ? resample<GreyWriter<LevelWriter>> : resample<LevelWriter>;
  run(frame, placement, normalization, input, out, plane_stride, crew);
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
