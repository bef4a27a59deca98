"""Pruning channels of exported networks, without a training framework."""

from __future__ import annotations

from gcv_edge.errors import MissingExtraError

try:
    from gcv_edge.prune.counting import count_macs, predict_macs
    from gcv_edge.prune.pruning import check_distilling, prune
    from gcv_edge.prune.result import PruneResult
    from gcv_edge.prune.spaces import ChannelSpace, Spaces, channel_spaces
    from gcv_edge.prune.surgery import apply_keep
except ImportError as missing:
    raise MissingExtraError("pruning", "export") from missing

__all__ = [
    "ChannelSpace",
    "PruneResult",
    "Spaces",
    "apply_keep",
    "channel_spaces",
    "check_distilling",
    "count_macs",
    "predict_macs",
    "prune",
]
