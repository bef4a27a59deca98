#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

#include "gcv_edge/image.h"
#include "gcv_edge/nms.h"
#include "gcv_edge/preprocess.h"

namespace gcv {

/// Threads that do the parts of a job together.
class Crew {
 public:
  virtual ~Crew() = default;

  /// Threads, the caller's among them.
  virtual int size() const = 0;

  /// Call part(0) to part(parts - 1), each once, in any order, perhaps at the same time; return when all are done.
  /// Throws what a part threw.
  virtual void work(int parts, const std::function<void(int)>& part) = 0;
};

/// Parts of a job for a crew: some more than threads, as one may come late. One without a crew.
inline int count_parts(const Crew* crew) { return crew == nullptr ? 1 : 2 * crew->size(); }

/// Divide [0, count) among a crew: job(part, begin, end), count_parts() times.
template <typename Job>
void divide(Crew* crew, std::size_t count, const Job& job) {
  const int parts = count_parts(crew);
  const auto run = [&](int part) { job(part, count * part / parts, count * (part + 1) / parts); };
  if (crew == nullptr) {
    run(0);
  } else {
    crew->work(parts, [&run](int part) { run(part); });  // so small that a std::function holds it itself
  }
}

/// As those of the public headers, with a crew. `result` is what the detections are written into.
void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                float* out, std::ptrdiff_t plane_stride, Interpolation interpolation, Crew* crew);
void preprocess(const ImageView& frame, const Placement& placement, const Normalization& normalization, Size input,
                std::uint8_t* out, std::ptrdiff_t plane_stride, Interpolation interpolation, Crew* crew);
void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input,
                     float* out, std::ptrdiff_t plane_stride, Crew* crew);
void preprocess_crop(const ImageView& frame, const Rect& crop, const Normalization& normalization, Size input,
                     std::uint8_t* out, std::ptrdiff_t plane_stride, Crew* crew);
Detections detect(const float* boxes, const float* scores, std::int64_t anchors, std::int64_t classes,
                  const NmsSettings& settings, BoxLayout layout, Crew* crew, Detections result = {});

}  // namespace gcv
