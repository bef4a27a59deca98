"""Which frames of a video a network for actions sees."""

from __future__ import annotations

import math

from gcv_edge.metadata import ClipSettings


def sample_clips(frames: int, clip: ClipSettings, segments: int) -> list[list[int]]:
    """Choose the frames of each clip as GluonCV's test loader does.

    A clip begins in the middle of its part of the video; where the video ends before the clip, the last
    frame that a step reaches is repeated (``_sample_test_indices`` and ``_video_TSN_decord_loader`` in
    gluoncv/data/video_custom/classification.py).

    Args:
        frames: of the video, at least 1.
        clip: which frames one clip is made of.
        segments: clips, spread evenly.

    Returns:
        For each clip the frames' numbers, from 0.
    """
    step = math.gcd(*clip.offsets) or 1
    spare = max(frames - clip.window + 1, 0)
    starts = [int(spare / segments / 2 + spare / segments * index) for index in range(segments)]
    return [[start + reach(offset, step, frames - start) for offset in clip.offsets] for start in starts]


def reach(offset: int, step: int, frames: int) -> int:
    """Shorten an offset to the last that whole steps reach before the last of the frames that are left."""
    return min(offset, max(frames - 2, 0) // step * step)
