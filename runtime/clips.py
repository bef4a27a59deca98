"""Which frames of a video a network for actions sees."""

from __future__ import annotations

from gcv_edge import _core
from gcv_edge.metadata import ClipSettings


def sample_clips(frames: int, clip: ClipSettings, segments: int) -> list[list[int]]:
    """Choose the frames of each clip as GluonCV's test loader does.

    Args:
        frames: of the video, at least 1.
        clip: which frames one clip is made of.
        segments: clips, spread evenly.

    Returns:
        For each clip the frames' numbers, from 0.
    """
    return _core.sample_clips(frames, clip.offsets, clip.window, segments)
