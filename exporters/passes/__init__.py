"""Graph passes over onnx-ir models, one per file; ``clean`` runs them in order."""

from __future__ import annotations

import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.exporters.passes.fold_batch_norm import FoldBatchNormPass
from gcv_edge.exporters.passes.merge_resize import MergeResizePass

__all__ = ["FoldBatchNormPass", "MergeResizePass", "clean"]


def clean(model: ir.Model) -> ir.Model:
    """Fold and remove all that costs time or says nothing, without changing what the graph computes."""
    passes = ir.passes.Sequential(
        common.IdentityEliminationPass(),
        common.RemoveUnusedNodesPass(),
        common.CommonSubexpressionEliminationPass(),
        FoldBatchNormPass(),
        MergeResizePass(),
        common.RemoveUnusedNodesPass(),
        common.DeduplicateHashedInitializersPass(size_limit=4096),
    )
    return passes(model).model
