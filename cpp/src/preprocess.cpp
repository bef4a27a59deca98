#include "gcv_edge/preprocess.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>

#include "axis.h"
#include "blended_rows.h"
#include "column_blender.h"
#include "crew.h"
#include "crop_warp.h"
#include "gcv_edge/error.h"
#include "gcv_edge/person_crop.h"
#include "kernels.h"
#include "pixel_rows.h"
#include "plane_writers.h"
#include "resampler.h"
#include "sizes.h"
#include "strides.h"
#include "taps.h"
#include "yuv_columns.h"

namespace gcv {
namespace {

/// Pixels for which waking helpers is worth it.
constexpr std::int64_t kCrewPixels = 1 << 16;

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

void check_crop(const Rect& crop, const ImageView& frame) {
  const bool fits = crop.x >= 0 && crop.y >= 0 && crop.width >= 0 && crop.height >= 0 &&
                    crop.width <= frame.width - crop.x && crop.height <= frame.height - crop.y;
  if (fits) return;
  throw ArgumentError("crop: found " + std::to_string(crop.width) + "x" + std::to_string(crop.height) + " at (" +
                      std::to_string(crop.x) + ", " + std::to_string(crop.y) + "), expected it inside the frame of " +
                      std::to_string(frame.width) + "x" + std::to_string(frame.height));
}

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

std::ptrdiff_t check_stride(std::ptrdiff_t stride, Size input, int channels, std::size_t bytes) {
  const std::ptrdiff_t plane = complete_stride("input row", 0, input.width, input.height, bytes) * input.height;
  return channels == 1 ? 0 : complete_stride("plane_stride", stride, plane, channels, bytes);
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

/// What all rows of a picture have in common.
struct Job {
  const ImageView& frame;
  bool blue_first;  ///< the order of the network's channels
  float pad;
  Region region;
  Band band;
};

template <typename Writer>
void spread_rows(const Job& job, const Axis& columns, const Axis& rows, Writer& writer,
                 const Planes<typename Writer::Value>& out) {
  PixelRows pixels(job.frame, columns.index.front(), columns.index.back() + 1, active_kernels());
  const PixelLayout layout = color_layout(job.frame.format, job.blue_first);
  const std::ptrdiff_t begin = static_cast<std::ptrdiff_t>(columns.index.front()) * layout.step;
  for (int y = job.band.begin; y < job.band.end; ++y) {
    writer.spread(pixels.row(rows.index[y]) + begin, layout, out.row(job.region, y));
  }
}

template <typename Writer>
void write_blended(const Job& job, RowBlender& blender, const Axis& rows, Writer& writer,
                   const Planes<typename Writer::Value>& out) {
  BlendedRows blended(blender);
  for (int y = job.band.begin; y < job.band.end; ++y) {
    const RowWeights weights{rows.weight[y], rows.next_weight[y]};
    const auto [upper, lower] = blended.rows(rows.index[y], weights.bottom == 0 ? rows.index[y] : rows.next[y]);
    writer.blend(upper, lower, weights, out.row(job.region, y));
  }
}

template <typename Writer>
void blend_rows(const Job& job, const Axis& columns, const Axis& rows, Writer& writer,
                const Planes<typename Writer::Value>& out) {
  const Kernels& kernels = active_kernels();
  if (is_yuv(job.frame.format)) {
    YuvColumns blender(job.frame, job.blue_first, columns, kernels);
    write_blended(job, blender, rows, writer, out);
  } else {
    ColumnBlender blender(job.frame, color_layout(job.frame.format, job.blue_first), columns, kernels);
    write_blended(job, blender, rows, writer, out);
  }
}

template <typename Writer>
void weigh_rows(const Job& job, const TapsPair& taps, Writer& writer, const Planes<typename Writer::Value>& out) {
  Resampler resampler(job.frame, taps, job.pad, active_kernels());
  const auto [step, order] = color_layout(job.frame.format, job.blue_first);
  const PixelLayout layout{kResampledStep, {order[0], order[1], order[2]}};
  for (int y = job.band.begin; y < job.band.end; ++y) writer.spread(resampler.row(y), layout, out.row(job.region, y));
}

template <typename Writer>
void write_warped(const Job& job, const CropWarp& warp, Writer& writer, const Planes<typename Writer::Value>& out) {
  const auto [step, order] = color_layout(job.frame.format, job.blue_first);
  const PixelLayout layout{kResampledStep, {order[0], order[1], order[2]}};
  Scratch<std::uint8_t> levels(static_cast<std::size_t>(job.region.width) * kResampledStep + kReadAhead);
  for (int y = job.band.begin; y < job.band.end; ++y) {
    warp.write_row(y, levels.data());
    writer.spread(levels.data(), layout, out.row(job.region, y));
  }
}

/// What `by_size` means for a frame.
Interpolation resolve(Interpolation interpolation, const SampledSide& columns, const SampledSide& rows) {
  if (interpolation != Interpolation::by_size) return interpolation;
  if (columns.step > 1 && rows.step > 1) return Interpolation::area;
  if (columns.step < 1 && rows.step < 1) return Interpolation::bicubic;
  return Interpolation::bilinear;
}

bool is_linear(Interpolation interpolation, const SampledSide& columns, const SampledSide& rows) {
  if (interpolation == Interpolation::area) return columns.step < 1 || rows.step < 1;
  return interpolation == Interpolation::bilinear;
}

/// The part of the target that sides cover, in the input.
template <typename Sides>
Region region_of(const Rect& target, const Sides& columns, const Sides& rows) {
  if (columns.count() == 0 || rows.count() == 0) return {0, 0, 0, 0};
  return {target.x + columns.first, target.y + rows.first, columns.count(), rows.count()};
}

template <typename Writer>
class Preprocess {
 public:
  using Value = typename Writer::Value;

  Preprocess(const ImageView& frame, const Normalization& normalization, Size input, Value* first,
             std::ptrdiff_t stride, Crew* crew)
      : frame_(frame),
        blue_first_(normalization.channels != 1 && !normalization.reverse_channels),
        pad_(normalization.pad_value),
        channels_(normalization.channels),
        writer_(normalization, active_kernels()),
        out_{first, input, stride},
        crew_(crew) {}

  void run(const Placement& placement, Interpolation interpolation) {
    const RectF& source = placement.source();
    const Rect& target = placement.target();
    const SampledSide columns{source.x, source.width, target.width, frame_.width};
    const SampledSide rows{source.y, source.height, target.height, frame_.height};
    interpolation = resolve(interpolation, columns, rows);
    if (is_linear(interpolation, columns, rows)) {
      blend(target, make_axis(columns, interpolation, Edges::whole), make_axis(rows, interpolation, Edges::blended));
    } else {
      weigh(target, make_taps(columns, rows, interpolation));
    }
  }

  void run(const Rect& crop) {
    if (crop.width == 0 || crop.height == 0) {
      for (int c = 0; c < channels_; ++c) {
        fill_around(out_.first + c * out_.stride, out_.size, {0, 0, 0, 0}, writer_.zero(c));
      }
      return;
    }
    const CropWarp warp(frame_, crop, out_.size, nearest_level(pad_), active_kernels());
    divide_region({0, 0, out_.size.width, out_.size.height},
                  [&](const Job& job, Writer& writer) { write_warped(job, warp, writer, out_); });
  }

 private:
  void blend(const Rect& target, const Axis& columns, const Axis& rows) {
    const auto fill = columns.is_identity() && rows.is_identity() ? spread_rows<Writer> : blend_rows<Writer>;
    divide_region(region_of(target, columns, rows),
                  [&](const Job& job, Writer& writer) { fill(job, columns, rows, writer, out_); });
  }

  void weigh(const Rect& target, const TapsPair& taps) {
    divide_region(region_of(target, taps.columns, taps.rows),
                  [&](const Job& job, Writer& writer) { weigh_rows(job, taps, writer, out_); });
  }

  template <typename Fill>
  void divide_region(const Region& region, const Fill& fill) {
    for (int c = 0; c < channels_; ++c) fill_around(out_.first + c * out_.stride, out_.size, region, writer_.pad(c));
    Crew* crew = std::int64_t{region.width} * region.height < kCrewPixels ? nullptr : crew_;
    divide(crew, static_cast<std::size_t>(region.height), [&](int /*part*/, std::size_t begin, std::size_t end) {
      if (begin == end) return;
      Writer own = writer_;
      fill(Job{frame_, blue_first_, pad_, region, {static_cast<int>(begin), static_cast<int>(end)}}, own);
    });
  }

  const ImageView& frame_;
  bool blue_first_;
  float pad_;
  int channels_;
  Writer writer_;
  Planes<Value> out_;
  Crew* crew_;
};

template <typename Writer, typename... What>
void fill_with(const ImageView& frame, const Normalization& normalization, Size input, typename Writer::Value* first,
               std::ptrdiff_t plane_stride, Crew* crew, const What&... what) {
  if (!std::isfinite(normalization.pad_value)) throw ArgumentError("pad_value: found a number that is not finite");
  const std::ptrdiff_t stride = check_stride(plane_stride, input, normalization.channels, sizeof *first);
  Preprocess<Writer>(frame, normalization, input, first, stride, crew).run(what...);
}

/// `frame` is a complete one.
template <typename T, typename... What>
void fill_planes(const ImageView& frame, const Normalization& normalization, Size input, T* out,
                 std::ptrdiff_t plane_stride, Crew* crew, const What&... what) {
  using Writer = std::conditional_t<std::is_same_v<T, float>, FloatWriter, LevelWriter>;
  check_channels(normalization.channels);
  const auto fill = normalization.channels == 1 ? fill_with<GreyWriter<Writer>, What...> : fill_with<Writer, What...>;
  fill(frame, normalization, input, out, plane_stride, crew, what...);
}

template <typename T>
void fill_placed(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                 T* out, std::ptrdiff_t plane_stride, Interpolation interpolation, Crew* crew) {
  const ImageView whole = complete_image(frame);
  to_string(interpolation);  // throws for a number that is none
  check_target(placement.target(), input);
  fill_planes(whole, normalization, input, out, plane_stride, crew, placement, interpolation);
}

template <typename T>
void fill_cropped(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input, T* out,
                  std::ptrdiff_t plane_stride, Crew* crew) {
  const ImageView whole = complete_image(frame);
  check_sizes({{"input_size", input}});
  check_crop(crop, whole);
  fill_planes(whole, normalization, input, out, plane_stride, crew, crop);
}

}  // namespace

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                float* out, std::ptrdiff_t plane_stride, Interpolation interpolation, Crew* crew) {
  fill_placed(frame, placement, normalization, input, out, plane_stride, interpolation, crew);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                std::uint8_t* out, std::ptrdiff_t plane_stride, Interpolation interpolation, Crew* crew) {
  fill_placed(frame, placement, normalization, input, out, plane_stride, interpolation, crew);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                float* out, std::ptrdiff_t plane_stride, Interpolation interpolation) {
  preprocess(frame, placement, normalization, input, out, plane_stride, interpolation, nullptr);
}

void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                std::uint8_t* out, std::ptrdiff_t plane_stride, Interpolation interpolation) {
  preprocess(frame, placement, normalization, input, out, plane_stride, interpolation, nullptr);
}

void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input,
                     float* out, std::ptrdiff_t plane_stride, Crew* crew) {
  fill_cropped(frame, crop, normalization, input, out, plane_stride, crew);
}

void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input,
                     std::uint8_t* out, std::ptrdiff_t plane_stride, Crew* crew) {
  fill_cropped(frame, crop, normalization, input, out, plane_stride, crew);
}

void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input,
                     float* out, std::ptrdiff_t plane_stride) {
  preprocess_crop(frame, crop, normalization, input, out, plane_stride, nullptr);
}

void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input,
                     std::uint8_t* out, std::ptrdiff_t plane_stride) {
  preprocess_crop(frame, crop, normalization, input, out, plane_stride, nullptr);
}

}  // namespace gcv
