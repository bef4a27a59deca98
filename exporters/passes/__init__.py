"""Graph passes over onnx-ir models, one per file; ``clean`` runs them in order."""

from __future__ import annotations

import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.exporters.passes.drop_identity import DropIdentityPass
from gcv_edge.exporters.passes.exact_scores import ExactScoresPass
from gcv_edge.exporters.passes.fold_batch_norm import FoldBatchNormPass
from gcv_edge.exporters.passes.merge_resize import MergeResizePass

__all__ = ["DropIdentityPass", "ExactScoresPass", "FoldBatchNormPass", "MergeResizePass", "clean"]


def clean(model: ir.Model) -> ir.Model:
    """Fold and remove all that costs time or says nothing, without changing what the graph computes."""
    passes = ir.passes.Sequential(
        DropIdentityPass(),
        common.RemoveUnusedNodesPass(),
        FoldBatchNormPass(),
        MergeResizePass(),
        ExactScoresPass(),
        common.DeduplicateHashedInitializersPass(size_limit=4096),
        common.CommonSubexpressionEliminationPass(),
        common.RemoveUnusedNodesPass(),
    )
    cleaned = passes(model).model
    for name in [name for name, value in cleaned.graph.initializers.items() if is_unused(value)]:
        del cleaned.graph.initializers[name]
    return cleaned


def is_unused(value: ir.Value) -> bool:
    """Tell whether neither a node nor the graph's outputs read a value."""
    return not value.uses() and not value.is_graph_output()
