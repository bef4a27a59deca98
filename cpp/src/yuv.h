#pragma once

#include "gcv_edge/image.h"
#include "kernels.h"

namespace gcv {

/// Weights of a matrix and a range.
YuvWeights yuv_weights(YuvMatrix matrix, YuvRange range);

}  // namespace gcv
