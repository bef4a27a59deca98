#pragma once

#include "gcv_edge/detections.h"
#include "gcv_edge/frame.h"

/// Draw the boxes with a score over a threshold, and with OpenCV their names, on a copy of a frame.
gcv::Frame draw(const gcv::Frame& frame, const gcv::Detections& result, float threshold);
