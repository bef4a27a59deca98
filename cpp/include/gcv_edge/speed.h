#pragma once

namespace gcv {

/// Where a result's time went, milliseconds. Stages that a batch shares are divided among its frames.
struct Speed {
  double preprocess_ms = 0;
  double inference_ms = 0;
  double postprocess_ms = 0;

  double total_ms() const { return preprocess_ms + inference_ms + postprocess_ms; }
};

}  // namespace gcv
