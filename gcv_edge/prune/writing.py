"""Writing a pruned network with the record of its pruning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx_ir as ir

import gcv_edge
from gcv_edge import _core
from gcv_edge.evaluation.drop import over_limit
from gcv_edge.files import replacing
from gcv_edge.graph.writing import write_model
from gcv_edge.pipeline import verify_export
from gcv_edge.prune.gate import PrunedNetwork
from gcv_edge.prune.job import PruneJob
from gcv_edge.prune.preparation import Preparation
from gcv_edge.prune.results import Candidate, PruneResult, shorten
from gcv_edge.prune.search.cost import count_macs
from gcv_edge.prune.search.sensitivity import Curves
from gcv_edge.runtime.modelfile import read_entries


def write_result(
    job: PruneJob, prepared: Preparation, curves: Curves, found: PrunedNetwork, trail: Sequence[Candidate]
) -> PruneResult:
    """Write the file with its record."""
    spaces = {space.name: space for space in prepared.network.spaces}
    channels = {n: (spaces[n].channels, w * spaces[n].step) for n, w in found.widths.items()}
    macs = count_macs(prepared.network.model), count_macs(found.model)
    record = describe(job, prepared, found, channels, macs)
    path = job.output if found.passed else over_limit(job.output)
    write_file(job, found.model, record, path)
    prepared.cache.discard()
    return PruneResult(
        path=path,
        widths=channels,
        macs=macs,
        seconds_per_picture=(found.timing.whole, found.timing.pruned),
        precision=job.goal.precision,
        divergence=found.distance.divergence,
        changed=found.distance.changed,
        score=found.scores,
        drop=found.drop,
        passed=found.passed,
        record=record,
        stages=job.timer.seconds,
        free={space.name: space.channels for space in prepared.network.free},
        curves={space.name: (space.units, curves.get(space.name, {})) for space in prepared.network.free},
        trail=tuple(trail),
        distillation=found.distillation,
    )


def write_file(job: PruneJob, model: ir.Model, record: Mapping[str, Any], path: Path) -> None:
    """Write a network with the metadata of its source and the record, and verify the file."""
    entries = read_entries(job.source)
    for key in ("gcv_edge verification", "gcv_edge self_test"):
        entries.pop(key, None)
    entries |= {"gcv_edge version": gcv_edge.__version__, "gcv_edge pruning": json.dumps(record)}
    model.metadata_props.clear()
    model.metadata_props.update(entries)
    with replacing(path) as temporary:
        write_model(model, temporary)
        verify_export(temporary, job.metadata, None)


def describe(
    job: PruneJob,
    prepared: Preparation,
    found: PrunedNetwork,
    channels: Mapping[str, tuple[int, int]],
    macs: tuple[int, int],
) -> dict[str, Any]:
    """Collect what the file says of its pruning; times only where they decided."""
    record: dict[str, Any] = {
        "data": "noise" if prepared.is_noise else "pictures",
        "pictures": len(prepared.fitted_on) + prepared.checked,
        "pictures_given": prepared.fitted_on.seen,
        "seed": job.seed,
        "macs": list(macs),
        "channels": {name: list(pair) for name, pair in channels.items()},
        **{name: shorten(value) for name, value in found.distance._asdict().items()},
    }
    if job.goal.speedup is not None:
        record["asked"] = {"speedup": job.goal.speedup, "precision": job.goal.precision}
        record["milliseconds"] = [round(1e3 * seconds, 4) for seconds in found.timing]
        record["isa"] = _core.isa()
    else:
        record["asked"] = {"macs": job.goal.macs}
    if found.distillation is not None:
        record["distillation"] = found.distillation.to_dict()
    if found.scores is not None:
        record |= {"score": list(found.scores), "drop_at_most": shorten(found.drop.upper)}
    return record
