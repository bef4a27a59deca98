#pragma once

#include <map>
#include <string>

#include "gcv_edge/classification.h"
#include "gcv_edge/depth_map.h"
#include "gcv_edge/embedding.h"
#include "gcv_edge/instance_masks.h"
#include "gcv_edge/picture.h"
#include "gcv_edge/poses.h"
#include "gcv_edge/regression.h"
#include "gcv_edge/segmentation.h"
#include "gcv_edge/tensor.h"
#include "named_arrays.h"

namespace gcv {

// Results as arrays, named as in gcv_edge.h.
NamedArrays to_arrays(Detections&& result);
NamedArrays to_arrays(InstanceMasks&& result);
NamedArrays to_arrays(Classification&& result);
NamedArrays to_arrays(Segmentation&& result);
NamedArrays to_arrays(Poses&& result);
NamedArrays to_arrays(DepthMap&& result);
NamedArrays to_arrays(Embedding&& result);
NamedArrays to_arrays(Regression&& result);
NamedArrays to_arrays(Picture&& result);
NamedArrays to_arrays(std::map<std::string, Tensor>&& result);

}  // namespace gcv
