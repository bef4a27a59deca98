"""Pruning channels of exported networks, without a training framework.

Its rooms, each importing only itself and those before it (``tests/test_dependencies.py``):

1. ``channels``: which channels of a graph stay or go together (``rules_*``), and cutting them out, exactly
   (``surgery``).
2. ``results``: what callers get.
3. ``fitting``: activations on the calibration set, and layers fitted to them by least squares.
4. ``search``: what channels are worth (``importance``, ``sensitivity``), what layers cost or how long they
   take (``cost``, ``latency``), and which widths are chosen (``allocation``, ``widths``).
5. ``distillation``: training a pruned network in torch.
6. ``job``: what is asked for. ``preparation``: what the pictures tell. ``width_choice``: the widths chosen.
   ``gate``: pruning to them, or to wider ones where too much is lost. ``stage`` leads through all of it and
   writes the file with its record.
"""

from __future__ import annotations

from gcv_edge.errors import MissingExtraError

try:
    from gcv_edge.prune.channels.spaces import ChannelSpace, Spaces, channel_spaces
    from gcv_edge.prune.channels.surgery import remove_channels
    from gcv_edge.prune.results import PruneResult
    from gcv_edge.prune.search.cost import count_macs, predict_macs
    from gcv_edge.prune.stage import check_distilling, prune
except ImportError as missing:
    raise MissingExtraError("pruning", "export") from missing

__all__ = [
    "ChannelSpace",
    "PruneResult",
    "Spaces",
    "channel_spaces",
    "check_distilling",
    "count_macs",
    "predict_macs",
    "prune",
    "remove_channels",
]
