#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "gcv_edge/error.h"
#include "gcv_edge/preprocess.h"
#include "kernels.h"
#include "scratch.h"

namespace gcv {

inline ChannelScale scale_of(const Normalization& normalization) {
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

inline std::uint8_t nearest_level(float value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f)));
}

/// Writes normalised float planes.
class FloatWriter {
 public:
  using Value = float;

  FloatWriter(const Normalization& normalization, const Kernels& kernels)
      : kernels_(kernels), scale_(scale_of(normalization)), pad_(normalization.pad_value) {}

  float pad(int channel) const { return (pad_ - scale_.mean[channel]) * scale_.factor[channel]; }

  /// What the network takes for 0.
  static float zero(int /*channel*/) { return 0; }

  void blend(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
             const PlaneRow<float>& out) const {
    kernels_.blend_rows_f32(top, bottom, weights, {out, scale_});
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
      : kernels_(kernels), mean_(normalization.mean), pad_(nearest_level(normalization.pad_value)) {}

  std::uint8_t pad(int /*channel*/) const { return pad_; }

  std::uint8_t zero(int channel) const { return nearest_level(mean_[channel]); }

  void blend(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
             const LevelRow& out) const {
    kernels_.blend_rows_u8(top, bottom, weights, out);
  }

  void spread(const std::uint8_t* row, const PixelLayout& layout, const LevelRow& out) const {
    kernels_.spread_u8(row, layout, out);
  }

  void weigh(const LevelRow& colors, const LevelRow& out) const { kernels_.grey_u8(colors, out); }

  const Kernels& kernels() const { return kernels_; }

 private:
  const Kernels& kernels_;
  std::array<float, 3> mean_;
  std::uint8_t pad_;
};

/// Writes one plane of grey as another writer writes three of colours; every thread needs a copy.
template <typename Writer>
class GreyWriter : public Writer {
 public:
  using Value = typename Writer::Value;
  using Writer::Writer;

  void blend(const std::int16_t* top, const std::int16_t* bottom, const RowWeights& weights,
             const PlaneRow<Value>& out) {
    const LevelRow colors = room(out.count);
    this->kernels().blend_rows_u8(top, bottom, weights, colors);
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

  Scratch<std::uint8_t> levels_;
};

}  // namespace gcv
