#pragma once

#include <cstdint>
#include <vector>

#include "gcv_edge/export.h"

namespace gcv {

/// Longest clip, and most clips of a video; bounds what a damaged file can ask for.
inline constexpr int kMaxClipWindow = 100'000;

/// Choose the frames of each clip of a video as GluonCV's test loader does (_sample_test_indices and
/// _video_TSN_decord_loader in gluoncv/data/video_custom/classification.py).
///
/// A clip spans `window` frames, begins in the middle of its part of the video and takes the frames `offsets` from its
/// start; where the video ends before the clip, the last frame that a step reaches is repeated.
/// Returns, for each of `segments` clips, the frames' numbers from 0, in the order of the offsets.
/// Throws ArgumentError unless the video has a frame, 1 <= window, segments <= kMaxClipWindow, 0 <= offsets < window,
/// and there are at most 2^24 frames in all.
GCV_EDGE_API std::vector<std::vector<std::int32_t>> sample_clips(std::int32_t frames, const std::vector<int>& offsets,
                                                                 int window, int segments);

}  // namespace gcv
