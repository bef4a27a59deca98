"""Model files that this package wrote: what they say of themselves, and their graphs."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from gcv_edge.benchmarking.accuracy import read_scores
from gcv_edge.cli.info import info_lines, read_pruning, to_dict
from gcv_edge.cli.verdicts import describe_verdict
from gcv_edge.metadata import (
    ClipSettings,
    DepthSettings,
    DetectionSettings,
    ImageSettings,
    ModelMetadata,
    Preprocessing,
    format_metadata,
    format_verification,
)
from gcv_edge.prune.job import load_model
from gcv_edge.runtime.modelfile import read_entries, read_metadata
from gcv_edge.runtime.ports import Port, Ports
from gcv_edge.tasks import ACTION, CLASSIFICATION, DEPTH, DETECTION, IMAGE
from gcv_edge.verification.samples import compare_samples, stored_error
from tests.fuzz.json_mutations import mutate_value
from tests.fuzz.mutations import mutate_bytes, mutate_text
from tests.fuzz.target import Target, mutating
from tests.support.crashing_files import WRONG, write

DATA_PORT = Port("data", "f32", (1, 3, 32, 32))
PORTS = Ports((DATA_PORT,), (DATA_PORT,))
OUTPUTS = {"logits": np.arange(4, dtype=np.float32)[None]}
VERIFICATION = {
    "passed": True,
    "reference": "MXNet 1.9.1",
    "inputs": ["black", "noise"],
    "batches": [1, 3],
    "comparisons": [{"name": "logits", "max_error": 1e-6, "tolerance": 2e-3, "unit": "deviation"}],
    "remarks": ["a remark"],
    "notes": ["a note"],
}
SELF_TEST = [
    {
        "input": "noise",
        "seed": 7,
        "output": "logits",
        "order": "own",
        "shape": [1, 4],
        "indices": [0, 3],
        "values": [0.0, 3.0],
        "scale": 1.0,
    }
]
RECORDS = {
    "gcv_edge pruning": {
        "macs": [100, 60],
        "data": "noise",
        "changed": 3.0,
        "score": [71.2, 70.1],
        "distillation": {"kept": True},
    },
    "gcv_edge calibration": {
        "score_before": 70.0,
        "score_after": 69.0,
        "metric": "top-1",
        "measured": "accuracy",
        "data_hash": "ab",
    },
}


def notes() -> Sequence[bytes]:
    """What files of every task that has settings of its own say of themselves, as JSON."""
    plain = Preprocessing(crop_short=40)
    kinds = (
        ModelMetadata(CLASSIFICATION, ("cat", "dog"), plain),
        ModelMetadata(DETECTION, ("cat",), plain, detection=DetectionSettings(0.5, 0.5, 10, 10)),
        ModelMetadata(ACTION, ("run",), plain, clip=ClipSettings((0, 2), 4)),
        ModelMetadata(DEPTH, (), plain, depth=DepthSettings()),
        ModelMetadata(IMAGE, (), plain, image=ImageSettings(-1.0, 1.0)),
    )
    told = {name: json.dumps(record) for name, record in RECORDS.items()}
    return [
        json.dumps({**format_metadata(kind), **format_verification(VERIFICATION, SELF_TEST), **told}).encode()
        for kind in kinds
    ]


def mutate_notes(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Make a model file whose notes, or what JSON they hold, are changed; now and then the file's bytes."""
    entries, donor = json.loads(data), json.loads(other)
    for key in dice.sample(list(entries), dice.randint(1, 2)):
        if entries[key][:1] in ("{", "["):
            entries[key] = spell_note(mutate_value(json.loads(entries[key]), RECORDS, dice))
        else:
            entries[key] = mutate_text(entries[key].encode(), donor.get(key, "").encode(), dice).decode(
                errors="replace"
            )
    if dice.random() < 0.2:
        del entries[dice.choice(list(entries))]
    content = with_notes(entries)
    return mutate_bytes(content, content, dice) if dice.random() < 0.2 else content


def spell_note(value: Any) -> str:
    return json.dumps(value).replace('"@deep lists@"', "[" * 5000 + "]" * 5000)


def with_notes(entries: dict[str, str]) -> bytes:
    """Make a file of metadata alone."""
    model = onnx.ModelProto(ir_version=8, graph=onnx.GraphProto(name="none"))
    helper.set_model_props(model, entries)
    data: bytes = model.SerializeToString()
    return data


MOST_SAMPLES = 20


def read_model_file(data: bytes, folder: Path) -> None:
    """Read all that a file says of itself, and say it as the commands do."""
    path = folder / "model.onnx"
    path.write_bytes(data)
    entries = read_entries(path)
    pruning = read_pruning(entries)
    [one.describe() for one in read_scores(entries)]
    metadata = read_metadata(path)
    info_lines(path, metadata, PORTS, pruning)
    json.dumps(to_dict(path, metadata, PORTS))
    describe_verdict(metadata.verification)
    compare_earlier(metadata.self_test, path)


def compare_earlier(samples: Sequence[Any], path: Path) -> None:
    """Hold stored samples against outputs, and against those of another file."""
    for test in samples[:MOST_SAMPLES]:
        stored_error(OUTPUTS, test, path, is_rounded=False)
    compare_samples(SELF_TEST, samples)


def graphs() -> Sequence[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.onnx"
        return [write(path, graph, is_ours=True).read_bytes() for graph in WRONG.values()]


def read_graph(data: bytes, folder: Path) -> None:
    """Read a graph as pruning does."""
    path = folder / "graph.onnx"
    path.write_bytes(data)
    load_model(path)


TARGETS = (
    Target(
        "model-file",
        mutating(notes, mutate_notes),
        read_model_file,
        (
            "gcv_edge/metadata.py",
            "gcv_edge/benchmarking/accuracy.py",
            "gcv_edge/cli/info.py",
            "runtime/modelfile.py",
        ),
    ),
    Target("graph", mutating(graphs, mutate_bytes), read_graph, ("gcv_edge/prune/job.py",)),
)
