"""The missing parts of a job on Ray Data: few actors, each with one model and the CPUs that Ray gave it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from gcv_edge.batch.job import Job, at, read_job
from gcv_edge.batch.predictor import assigned_cpus
from gcv_edge.batch.running import WorkTally, write_parts
from gcv_edge.batch.storage import locate
from gcv_edge.batch.work import Workshop, readers_for
from gcv_edge.errors import GcvEdgeError, MissingExtraError
from gcv_edge.runtime.loading import open_network

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported over the network
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}


MODEL = "_model.onnx"
"""Lies in the folder of the job: an actor that is started again finds it there, whatever became of others."""
LONGEST_REASON = 300
MOST_CPUS = 8
"""Of an actor, unless more are asked for."""


class ShardWorker:
    """An actor that computes whole shards, and tells what it did.

    Args:
        folder: of the job; every actor reaches it.
        readers: threads that read; None for what the inputs ask for.
    """

    def __init__(self, folder: str, readers: int | None) -> None:
        self._job = read_job(folder)
        model = at(folder, MODEL)
        options = self._job.source.options
        network = open_network(
            model.storage.read(model.path),
            engine=options.engine,
            precision=options.precision,
            hint="throughput",
            threads=assigned_cpus(),
        )
        network.warmup()
        self._workshop = Workshop(network, readers or readers_for(self._job.inputs))

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Compute the shards of a batch; what each took is JSON."""
        tally = WorkTally()
        for _ in write_parts(self._workshop, self._job, [int(one) for one in batch["shard"]], tally):
            pass
        return {"tally": [json.dumps(asdict(tally))]}


def run_on_ray(
    job: Job,
    shards: Sequence[int],
    model: bytes,
    *,
    workers: int | None,
    cpus: int | None,
    readers: int | None,
) -> Iterator[WorkTally]:
    """Compute shards on the cluster of ``RAY_ADDRESS``, or on this machine; give what each batch took.

    An actor that dies is replaced, and its shard computed anew: a part is there whole or not at all.

    Args:
        job: in a folder that every actor reaches.
        shards: that are missing.
        model: content of the model's file.
        workers: actors; None for as many as the CPUs have room for.
        cpus: of each actor; None for all of a machine with up to 8.
        readers: threads that read, of each actor.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    if not shards:
        return
    ray = import_ray()
    if not ray.is_initialized():
        ray.init(log_to_driver=False, logging_level="ERROR")
    each = cpus or largest_share(ray)
    actors = workers or max(1, int(ray.cluster_resources().get("CPU", 1)) // each)
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    target = at(job.folder, MODEL)
    with target.storage.writing(target.path) as temporary:
        temporary.write_bytes(model)
    numbers = ray.data.from_items([{"shard": shard} for shard in shards], override_num_blocks=len(shards))
    done = numbers.map_batches(
        ShardWorker,
        fn_constructor_kwargs={"folder": absolute(job.folder), "readers": readers},
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(actors, len(shards))),
        num_cpus=each,
    )
    try:
        for row in done.iter_rows():
            yield WorkTally(**json.loads(row["tally"]))
    except ray.exceptions.RayError as error:
        raise GcvEdgeError(f"Ray: {describe_cause(error)}") from error


def describe_cause(error: BaseException) -> str:
    """Return what the innermost of nested errors says, in one line."""
    inner = getattr(error, "cause", None) or error.__cause__
    if isinstance(inner, BaseException) and inner is not error:
        return describe_cause(inner)
    return " ".join(str(error).split())[:LONGEST_REASON]


def largest_share(ray: Any) -> int:
    """Return the CPUs of an actor: all of the smallest machine, up to 8."""
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    return max(1, min([MOST_CPUS, *(count for count in machines if count)]))


def absolute(folder: str) -> str:
    """Return a folder's address in a form that does not depend on the process."""
    place = locate(folder)
    return place.name(place.storage.identity(place.path))


def import_ray() -> Any:
    """Import Ray, which then tells nobody that it is used.

    Raises:
        MissingExtraError: it is not installed.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("--backend ray", "ray") from None
    return ray
