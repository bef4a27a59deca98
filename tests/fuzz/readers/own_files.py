"""What this package keeps beside models: state of runs, notes of the store, what is served; and names."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import numpy as np

from gcv_edge.cli.options import parse_classes
from gcv_edge.measure.result_cache import Entry, ResultCache, write_entries
from gcv_edge.model_api.repository import add_model, read_config
from gcv_edge.store import find_model, stored_models
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.mutations import mutate_bytes, mutate_text
from tests.fuzz.target import Target, mutating


def states() -> Sequence[bytes]:
    """Cache files without the hash that comes first."""
    found = {
        "fits": Entry("k", ["a"], {"a/matrix": np.eye(2), "a/bias": np.zeros(2)}),
        "curves": Entry("k", {"x": 1}),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        write_entries(path, found)
        return [path.read_bytes()[32:]]


def mutate_state(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Change what the archive holds, or its bytes."""
    if dice.random() < 0.6:
        return mutate_bytes(data, other, dice)
    with np.load(io.BytesIO(data)) as archive:
        members = {name: archive[name] for name in archive.files}
    text = mutate_json(str(members["entries"]).encode(), b"[[1]]", dice).decode(errors="replace")
    members["entries"] = np.array(text.replace("\0", ""))
    stream = io.BytesIO()
    np.savez(stream, **dict(members.items() if dice.random() < 0.8 else reversed(members.items())))
    return stream.getvalue()


def read_state(data: bytes, folder: Path) -> None:
    """Resume from a file whose hash is right, whatever it holds: what makes no sense is passed over."""
    path = folder / "state"
    path.write_bytes(hashlib.sha256(data).digest() + data)
    cache = ResultCache(path)
    for name in ("fits", "curves"):
        repr((cache.has(name), cache.at(name).value, cache.read(name, "k")))


def store_notes() -> Sequence[bytes]:
    return [b'{"path": "/nowhere/net.onnx"}', b'{"path": "models/net.onnx"}']


def read_store(data: bytes, folder: Path) -> None:
    """Look a name up."""
    models = folder / "home" / "models"
    models.mkdir(parents=True, exist_ok=True)
    (models / "net.json").write_bytes(data)
    with mock.patch.dict(os.environ, {"GCV_EDGE_HOME": str(models.parent)}):
        stored_models()
        find_model("net")


def server_configs() -> Sequence[bytes]:
    return [
        b'{"model_config_list": [{"config": {"name": "net", "base_path": "net"}}]}',
        b'{"model_config_list": [], "monitoring": {"metrics": {"enable": true}}}',
    ]


def read_server_config(data: bytes, folder: Path) -> None:
    """Add a model to what is served."""
    path = folder / "config.json"
    path.write_bytes(data)
    json.dumps(add_model(read_config(path), "other"))


def read_classes(data: bytes, folder: Path) -> None:
    path = folder / "classes.txt"
    path.write_bytes(data)
    parse_classes(str(path))


TARGETS = (
    Target(
        "result-cache",
        mutating(states, mutate_state),
        read_state,
        ("gcv_edge/measure/result_cache.py",),
        refusals=(),
    ),
    Target("store", mutating(store_notes, mutate_json), read_store, ("gcv_edge/store.py",)),
    Target(
        "server-config",
        mutating(server_configs, mutate_json),
        read_server_config,
        ("gcv_edge/model_api/repository.py",),
    ),
    Target(
        "classes",
        mutating(lambda: [b"cat\ndog\n", "\ufeffa b\nü\n".encode()], mutate_text),
        read_classes,
        ("gcv_edge/cli/options.py",),
    ),
)
