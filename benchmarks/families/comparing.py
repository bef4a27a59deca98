"""Every output of a file against MXNet's, on what a program that used the network fed it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import gcv_edge
from benchmarks.families.family import Array, UserNetwork, mx
from benchmarks.records import Record
from benchmarks.workers import FAILED, PASSED
from benchmarks.zoo.inputs import add_noise
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import check_pictures
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.preprocessing import fill
from gcv_edge.runtime.sessions import ENGINES
from gcv_edge.verification.lists import match

TOLERANCE = 2e-3
"""Largest difference of an output, in units of its deviation."""

UNMATCHED = 0.02
"""Share of detections that may find no partner: rounding decides which of equals is listed."""

NOISE = 1e-5
"""Deviation of the noise added to a picture, in units of the picture's, that rounding is compared with."""

TRIALS = 4
"""Noisy pictures on which MXNet itself is tried where a file differs."""

NUMBERS_OF_SCORES = ("SoftmaxOutput", "SoftmaxActivation", "softmax", "LogisticRegressionOutput")
"""Operators that end in class scores; the file leaves them to the runtime."""

PASSING = ("BlockGrad", "MakeLoss", "identity", "_copy")
"""Operators that change nothing but the training."""

Outputs = dict[str, Array]


def compare(family: UserNetwork, prefix: Path, symbol: Any, notes: list[str]) -> Record:
    """Hold the file's outputs against MXNet's in both engines, on a real picture and on noise."""
    pictures = check_pictures(*family.size)
    tried = pictures["picture"], pictures["noise"]
    errors: dict[str, dict[str, float]] = {engine: {} for engine in ENGINES}
    for picture in tried:
        expected = run_mxnet(family, prefix, symbol, picture)
        for engine in ENGINES:
            model = gcv_edge.load(f"{prefix}.onnx", engine=engine)
            for name, error in hold(family, model, picture, expected, symbol).items():
                errors[engine][name] = max(error, errors[engine].get(name, 0.0))
    compared = errors[ENGINES[0]]
    far = {name for found in errors.values() for name, error in found.items() if not is_near(name, error)}
    own = measure_own(family, prefix, symbol, tried) if far else {}
    problems = [
        f"{name} differs by {error:.2g} in {engine}"
        for engine, found in errors.items()
        for name, error in found.items()
        if not is_near(name, error) and not error <= own.get(name, 0.0)
    ]
    problems += [
        f"nothing says what became of {name}" for name in lost_heads(family, symbol, compared, notes)
    ]
    return {
        "errors": errors,
        "unstable": {name: own[name] for name in sorted(far & own.keys())},
        "gives": describe_result(model),
        "verdict": FAILED if problems else PASSED,
        "reason": "; ".join(problems),
    }


def is_near(head: str, error: float) -> bool:
    """Whether an error is rounding."""
    return error <= (UNMATCHED if head == "detections" else TOLERANCE)


def measure_own(
    family: UserNetwork, prefix: Path, symbol: Any, pictures: Sequence[Array]
) -> dict[str, float]:
    """Measure how far MXNet's own outputs move when its picture changes by next to nothing.

    Proposals of nearly equal score change places then, and with them all that is computed of them.
    """
    found: dict[str, float] = {}
    for picture in pictures:
        expected = run_mxnet(family, prefix, symbol, picture)
        for trial in range(1, TRIALS + 1):
            moved = run_mxnet(family, prefix, symbol, picture, trial)
            for name, array in expected.items():
                found[name] = max(difference(moved[name], array), found.get(name, 0.0))
    return found


def run_mxnet(family: UserNetwork, prefix: Path, symbol: Any, picture: Array, noise: int = 0) -> Outputs:
    """Compute every head of the symbol as its project did, labels at 0; with noise of a seed, if not 0."""
    inputs = family.make_inputs(picture)
    if noise:
        data = inputs["data"]
        inputs["data"] = add_noise(data, NOISE * data.std(), noise)
    inputs |= {name: np.zeros(shape, np.float32) for name, shape in family.labels.items()}
    saved = mx.nd.load(f"{prefix}-0000.params")
    known = {name.partition(":")[2]: value for name, value in saved.items()}
    known |= {name: mx.nd.array(array) for name, array in inputs.items()}
    arguments = {name: known[name] for name in symbol.list_arguments()}
    states = {name: known[name] for name in symbol.list_auxiliary_states()}
    executor = symbol.bind(mx.cpu(), args=arguments, aux_states=states, grad_req="null")
    outputs = executor.forward(is_train=False)
    return {
        head_name(name): output.asnumpy() for name, output in zip(symbol.list_outputs(), outputs, strict=True)
    }


def head_name(output: str) -> str:
    """Name of the node that gives an output."""
    return output.removesuffix("_output")


def hold(family: UserNetwork, model: Any, picture: Array, expected: Outputs, symbol: Any) -> dict[str, float]:
    """Return the error of each output that the file has."""
    metadata = model.metadata
    if metadata.task.name == "tensors":
        found = model.run(family.make_inputs(picture))
        heads = {name: find_head(name, family, symbol) for name in found}
        return {head: difference(found[name], expected.get(head)) for name, head in heads.items()}
    if metadata.task.name == "detection":
        rows = list_rows(family, expected, symbol, picture.shape)
        return {"detections": unmatched(model.run(picture[..., ::-1]), rows)}
    head = main_head(family, symbol)
    (found,) = model.session.run(preprocess(model, picture)).values()
    is_scores = operators(symbol)[head] in NUMBERS_OF_SCORES
    canonical = activate(found, metadata) if is_scores else found
    return {head: difference(canonical, fit(expected[head], canonical))}


def main_head(family: UserNetwork, symbol: Any) -> str:
    """Head that the task's own output is made of."""
    return family.head or head_name(symbol.list_outputs()[0])


def find_head(output: str, family: UserNetwork, symbol: Any) -> str:
    """Head that an output of the file is: by its name, or by that of the node that it passes on."""
    if output == "output":
        return main_head(family, symbol)
    return next((head for head, names in list_names(symbol).items() if output in names), output)


def list_names(symbol: Any) -> dict[str, list[str]]:
    """Names by which each head goes: its own, and that of the node whose values it passes on."""
    document, names = json.loads(symbol.tojson()), {}
    for index, *_ in document["heads"]:
        node = document["nodes"][index]
        passed = names[node["name"]] = [node["name"]]
        while node["op"] in PASSING:
            node = document["nodes"][node["inputs"][0][0]]
            passed.append(node["name"])
    return names


def preprocess(model: Any, picture: Array) -> Array:
    """Make the file's input of a frame of the network's size, as the runtime does."""
    batch = np.empty(model.session.input_shape, np.float32)
    exact = replace(model.metadata.preprocessing, resize_type="standard", crop_short=0)
    fill(view_frame(np.ascontiguousarray(picture[..., ::-1]), "bgr"), exact, batch[0])
    return batch


def operators(symbol: Any) -> dict[str, str]:
    """Operator of each node."""
    return {node["name"]: node["op"] for node in json.loads(symbol.tojson())["nodes"]}


def fit(expected: Array, found: Array) -> Array:
    """Drop axes of length 1 behind a vector."""
    return expected.reshape(found.shape) if expected.size == found.size else expected


def activate(logits: Array, metadata: ModelMetadata) -> Array:
    """Make scores of logits, as the file says."""
    if metadata.task.name == "segmentation" or metadata.activation == "softmax":
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
    return np.asarray(1 / (1 + np.exp(-logits))) if metadata.activation == "sigmoid" else logits


def difference(found: Array, expected: Array | None) -> float:
    """Largest difference in units of the output's deviation; of its largest where that is none."""
    if expected is None or found.shape != expected.shape:
        return float("inf")
    scale = float(expected.std()) or float(np.abs(expected).max()) or 1.0
    error = float(np.abs(found.astype(np.float64) - expected).max()) / scale
    return float("inf") if np.isnan(error) else error


def list_rows(family: UserNetwork, expected: Outputs, symbol: Any, shape: tuple[int, ...]) -> Array:
    """MXNet's detections (class, score, corners in pixels): of its own SSD, or of GluonCV's heads."""
    rows, (height, width) = expected[main_head(family, symbol)][0], shape[:2]
    if rows.shape[-1] == 1:
        rows = np.concatenate([head[0] for head in expected.values()], axis=1)
    else:
        rows = rows * np.float32([1, 1, width, height, width, height])
    rows[:, 2:] = np.clip(rows[:, 2:], 0, (width, height, width, height))  # as the runtime ends boxes
    return rows[rows[:, 0] >= 0]


def unmatched(found: Any, theirs: Array) -> float:
    """Share of detections without a partner on the other side."""
    ours = np.column_stack([found.class_ids, found.scores, found.boxes])
    count = max(1, len(ours), len(theirs))
    return 1 - match(ours, theirs) / count if len(ours) or len(theirs) else 0.0


def lost_heads(
    family: UserNetwork, symbol: Any, compared: Mapping[str, float], notes: list[str]
) -> list[str]:
    """Heads that the file has not, and of which no note tells."""
    told = " ".join(notes)
    made: set[str] = set()
    if "detections" in compared:
        made = {main_head(family, symbol)} if family.head else set(list_names(symbol))
    lost = {head: names for head, names in list_names(symbol).items() if head not in compared.keys() | made}
    return [head for head, names in lost.items() if not any(f"'{name}'" in told for name in names)]


def describe_result(model: Any) -> str:
    """Say what the runtime gives."""
    shapes = {name: list(shape) for name, shape in model.session.outputs.items()}
    return f"{type(model).__name__}: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items())
