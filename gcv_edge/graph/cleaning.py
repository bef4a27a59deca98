"""Cleaning a graph after it was made or changed."""

from __future__ import annotations

import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.graph.drop_identity import DropIdentityPass
from gcv_edge.graph.fold_batch_norm import FoldBatchNormPass
from gcv_edge.graph.merge_resize import MergeResizePass
from gcv_edge.graph.sigmoid_before_top_k import ReplaceSigmoidBeforeTopKPass


def clean(model: ir.Model) -> ir.Model:
    """Fold and remove all that costs time or says nothing, without changing what the graph computes."""
    passes = ir.passes.Sequential(
        DropIdentityPass(),
        common.RemoveUnusedNodesPass(),
        FoldBatchNormPass(),
        MergeResizePass(),
        ReplaceSigmoidBeforeTopKPass(),
        common.DeduplicateHashedInitializersPass(size_limit=4096),
        common.CommonSubexpressionEliminationPass(),
        common.RemoveUnusedNodesPass(),
    )
    return passes(model).model


def drop_unused(model: ir.Model) -> None:
    """Remove nodes and constants that nothing reads, in place."""
    common.RemoveUnusedNodesPass()(model)
