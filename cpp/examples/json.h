#pragma once

#include <string>

#include "gcv_edge/classification.h"
#include "gcv_edge/detections.h"
#include "gcv_edge/frame.h"

/// One line of JSON with the keys that "gcv-edge predict --json" prints; numbers read back as the same bits.
std::string to_json(const gcv::Frame& frame, const gcv::Detections& result);
std::string to_json(const gcv::Frame& frame, const gcv::Classification& result);
