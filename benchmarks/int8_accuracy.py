"""What 8 bits cost really trained networks: ours and MXNet's own, on the same pictures.

Each network is calibrated on pictures that it is not measured on. Where a data set has no part for
calibrating, it is divided by lot into two halves: each is calibrated on while the other is measured, and both
are counted. Nothing returns to float, neither for accuracy (no limit is set) nor for speed; where more is
lost than the goal, the figure with the goal as --max-drop stands beside it. MXNet quantises the same network
by mxnet.contrib.quantization, in each of its modes, from the same tensors. Needs the extra [mxnet] and a
folder of trained networks and pictures: python benchmarks/int8_accuracy.py [NETWORK...]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import ROOT, read_results, write_results

from gcv_edge import _core
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.calibration.batches import Feeder
from gcv_edge.data import Dataset, Sample, open_dataset
from gcv_edge.evaluation import Metric
from gcv_edge.evaluation.running import make_metric, run_labelled
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pipeline import export
from gcv_edge.runtime.loading import load
from gcv_edge.runtime.results import Classification, Detections

CELLS = ("rbc", "wbc", "platelets")
CALIBRATED_ON = 300
"""Pictures at most, ours and MXNet's."""
MXNET_BATCH = 20
MODES = ("naive", "entropy")
GRANULARITIES = ("tensor-wise", "channel-wise")

Results = Iterator[tuple[Sample, Any]]
Run = Callable[[Dataset], Results]
"""Runs a network over labelled pictures."""


class Case(NamedTuple):
    """A trained network and its pictures.

    Attributes:
        symbol: pattern of the symbol file, below the folder of trained networks.
        data: data set there.
        goal: points that may be lost.
        size: width and height of the input, where the symbol does not tell them.
        labels: class names.
        splits: parts to calibrate and to measure on; empty: two halves by lot.
    """

    symbol: str
    data: str
    goal: float
    size: int | None = None
    labels: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()


CASES = {
    **{
        f"cifar_{name}": Case(f"gluoncv_cifar/cifar_{name}-symbol.json", "cifar10_test_jpeg_2000", 0.3)
        for name in ("resnet20_v1", "resnet20_v2", "resnet56_v1", "resnet56_v2")
    },
    "yolo3_mobilenet0.25_custom": Case(
        "trained_yolo3*/*-symbol.json", "bccd_voc", 0.5, 320, CELLS, ("train", "test")
    ),
    "ssd_300_mobilenet0.25_custom": Case(
        "trained_ssd_300*/*-symbol.json", "bccd_voc", 0.5, 300, CELLS, ("train", "test")
    ),
    "squeezenet1.1": Case(
        "gluoncv_squeezenet1.1_converted/*-symbol.json", "imagenet_sample_400/val.lst", 0.5
    ),
}


class Fold(NamedTuple):
    """Pictures to calibrate and others to measure on."""

    calibrating: Dataset
    measuring: Dataset


@dataclass
class Tally:
    """Adds up what one form of a network does on all folds.

    Attributes:
        metric: takes in every picture.
        right: whether each picture's class was found, where pictures have one.
    """

    metric: Metric
    right: list[bool]

    def take(self, results: Results) -> None:
        """Take in a fold's results."""
        for sample, result in results:
            height, width = sample.frame.shape[:2]
            self.metric.update(result, sample.target, (width, height))
            if isinstance(result, Classification):
                self.right.append(int(result.logits.argmax()) == sample.target.class_id)  # type: ignore[union-attr]

    def points(self) -> float:
        """Return the metric, 0 to 100."""
        return 100 * self.metric.compute().value


class Reference:
    """MXNet with the network that a file was exported from.

    Args:
        symbol: its symbol file.
        floating: the exported file, whose preprocessing is used.
    """

    def __init__(self, symbol: Path, floating: Path) -> None:
        from gcv_edge.benchmarking.mxnet_runner import (
            import_quietly,
            load_network,
            only_input,
            quantize,
            with_shapes,
        )
        from gcv_edge.exporters.mxnet.reference import as_nd

        self._mx = import_quietly()
        self._model = load(floating)
        self._shape = tuple(int(size) for size in self._model.session.input_shape[1:])
        job = {"model": str(floating), "source": str(symbol), "params": None, "seed": None}
        network = load_network({**job, "shape": self._shape}, self._model.metadata)
        self._name = only_input(network, network.symbol.heads)
        self._weights = {key: as_nd(self._mx, value) for key, value in network.weights.items()}
        data = self._mx.nd.zeros((MXNET_BATCH, *self._shape))
        arrays = {**self._weights, self._name: data}
        self._symbol = with_shapes(self._mx, network.symbol, network.symbol.heads, arrays)
        self._quantize = quantize

    def floating(self) -> Run:
        """Return MXNet's float32 form."""
        names = self._symbol.list_inputs()
        operator = self._mx.nd.CachedOp(self._symbol, (("static_alloc", True), ("static_shape", True)))
        return self._running(
            lambda batch: operator(*(batch if key == self._name else self._weights[key] for key in names))
        )

    def quantized(self, mode: str, granularity: str, calibrating: Dataset) -> Run:
        """Return MXNet's 8-bit form, calibrated on pictures."""
        frames = (sample.frame for sample in calibrating)
        batches = [batch for batch, count in self._batches(frames) if count == MXNET_BATCH]
        network = self._quantize(
            self._mx, self._symbol, self._weights, self._name, batches, mode, granularity
        )
        return self._running(network)

    def _running(self, forward: Callable[[Any], Any]) -> Run:
        def run(dataset: Dataset) -> Results:
            samples: list[Sample] = []
            for sample in dataset:
                samples.append(sample)
                if len(samples) == MXNET_BATCH:
                    yield from zip(samples, self._results(forward, samples), strict=True)
                    samples = []
            if samples:
                yield from zip(samples, self._results(forward, samples), strict=True)

        return run

    def _results(self, forward: Callable[[Any], Any], samples: Sequence[Sample]) -> Iterator[Any]:
        ((batch, count),) = self._batches(sample.frame for sample in samples)
        outputs = forward(batch)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        arrays = [output.asnumpy() for output in outputs]
        for index in range(count):
            yield self._result([array[index] for array in arrays], samples[index])

    def _result(self, arrays: Sequence[np.ndarray], sample: Sample) -> Any:
        if len(arrays) == 1:
            return Classification(arrays[0])
        ids, scores, boxes = arrays
        kept = ids[:, 0] >= 0
        placed = to_frame(boxes[kept], sample.frame.shape[:2], self._model.metadata, self._shape[1:])
        return Detections(placed, scores[kept, 0], ids[kept, 0].astype(np.int32), CELLS)

    def _batches(self, frames: Iterable[Any]) -> Iterator[tuple[Any, int]]:
        """Give tensors of MXNET_BATCH pictures, preprocessed as for our runtime, and how many are real."""
        feeder = Feeder({self._name: (1, *self._shape)}, self._model.metadata)
        waiting: list[np.ndarray] = []
        for batch in feeder.batches(frames):
            waiting.append(batch[self._name][0])
            if len(waiting) == MXNET_BATCH:
                yield self._mx.nd.array(np.stack(waiting)), MXNET_BATCH
                waiting = []
        if waiting:
            padded = [*waiting, *[waiting[-1]] * (MXNET_BATCH - len(waiting))]
            yield self._mx.nd.array(np.stack(padded)), len(waiting)


def to_frame(
    boxes: np.ndarray, size: tuple[int, ...], metadata: ModelMetadata, input_size: tuple[int, ...]
) -> np.ndarray:
    """Map boxes of the input to pixels of the frame, as our runtime does."""
    preprocessing = metadata.preprocessing
    frame_size = (size[1], size[0])
    placement = _core.place(
        preprocessing.resize_type, frame_size, (input_size[1], input_size[0]), preprocessing.crop_short
    )
    return _core.to_frame(np.ascontiguousarray(boxes, np.float32), placement, frame_size)


def fold(case: Case, floating: Path, folder: Path) -> list[Fold]:
    """Open the pictures of a case."""
    model = load(floating)

    def open_part(split: str | None) -> Dataset:
        return open_dataset(folder / case.data, model.task, model.labels, split)

    if case.splits:
        calibrating, measuring = map(open_part, case.splits)
        return [Fold(calibrating.limit(CALIBRATED_ON), measuring)]
    halves = open_part(None).split(0.5)
    return [Fold(one.limit(CALIBRATED_ON), other) for one, other in (halves, tuple(reversed(halves)))]


def make_tally(floating: Path, dataset: Dataset) -> Tally:
    """Return an empty tally with the task's metric."""
    return Tally(make_metric(load(floating), dataset, None), [])


def measure(name: str, folder: Path, workplace: Path) -> dict[str, Any]:
    """Measure one network in all its forms."""
    case = CASES[name]
    symbol = next(folder.glob(case.symbol))
    shape = None if case.size is None else (1, 3, case.size, case.size)
    options = ExportOptions(input_shape=shape, labels=case.labels)
    floating = export(str(symbol), workplace / f"{name}.onnx", options=options).path
    folds = fold(case, floating, folder)
    reference = Reference(symbol, floating)
    forms = {
        "fp32": make_tally(floating, folds[0].measuring),
        "int8": make_tally(floating, folds[0].measuring),
    }
    recipes = []
    for calibrating, measuring in folds:
        forms["fp32"].take(run_labelled(load(floating), measuring))
        found = calibrate(
            floating,
            (sample.frame for sample in calibrating),
            workplace / f"{name}_int8.onnx",
            options=CalibrationOptions(time_forms=False, data=calibrating.name),
        )
        forms["int8"].take(run_labelled(load(found.path), measuring))
        recipes.append({"candidates": dict(found.candidates), "decibels": found.agreement})
        tell(name, "ours", {form: forms[form].points() for form in ("fp32", "int8")})
    summary = summarize(forms, case.goal)
    gated = {} if summary["within_goal"] else measure_gated(name, floating, folds, workplace)
    mxnet = measure_mxnet(name, reference, floating, folds)
    return {
        "metric": forms["fp32"].metric.title,
        "data": case.data,
        "calibrated_on": [len(calibrating) for calibrating, _ in folds],
        "measured_on": sum(len(measuring) for _, measuring in folds),
        "goal": case.goal,
        **summary,
        "recipes": recipes,
        **gated,
        "mxnet": mxnet,
    }


def measure_gated(name: str, floating: Path, folds: Sequence[Fold], workplace: Path) -> dict[str, Any]:
    """Measure what is lost with the goal as ``--max-drop``: layers return to float by labels measured on."""
    before, after = (make_tally(floating, folds[0].measuring) for _ in range(2))
    kept = []
    for calibrating, measuring in folds:

        def score(path: Path, pictures: Dataset = measuring) -> float:
            tally = make_tally(floating, pictures)
            tally.take(run_labelled(load(path), pictures))
            return tally.points()

        found = calibrate(
            floating,
            (sample.frame for sample in calibrating),
            workplace / f"{name}_gated.onnx",
            score=score,
            max_drop=CASES[name].goal,
            options=CalibrationOptions(time_forms=False),
        )
        before.take(run_labelled(load(floating), measuring))
        after.take(run_labelled(load(found.path), measuring))
        kept.append({"float": len(found.kept_float), "of": found.layers + len(found.kept_float)})
    gated = {"layers": kept, **summarize({"fp32": before, "int8": after}, CASES[name].goal)}
    tell(name, "ours, with the goal as limit", gated)
    return {"gated": gated}


def measure_mxnet(name: str, reference: Reference, floating: Path, folds: Sequence[Fold]) -> dict[str, Any]:
    """Measure MXNet's float form and each of its 8-bit forms."""
    whole = make_tally(floating, folds[0].measuring)
    for _, measuring in folds:
        whole.take(reference.floating()(measuring))
    found: dict[str, Any] = {"fp32": round(whole.points(), 3), "int8": {}}
    for mode in MODES:
        for granularity in GRANULARITIES:
            tally, label = make_tally(floating, folds[0].measuring), f"{mode}, {granularity}"
            try:
                for calibrating, measuring in folds:
                    tally.take(reference.quantized(mode, granularity, calibrating)(measuring))
            except Exception as error:  # what MXNet cannot do is said in the results
                found["int8"][label] = {"failed": " ".join(str(error).split())[:200]}
            else:
                found["int8"][label] = summarize({"fp32": whole, "int8": tally}, 0.0)
            tell(name, f"MXNet {label}", found["int8"][label])
    drops = [form["drop"] for form in found["int8"].values() if "drop" in form]
    return {**found, "smallest_drop": min(drops) if drops else None}


def summarize(forms: dict[str, Tally], goal: float) -> dict[str, Any]:
    """Say what was lost, and how many pictures changed sides."""
    before, after = forms["fp32"].points(), forms["int8"].points()
    found: dict[str, Any] = {
        "fp32": round(before, 3),
        "int8": round(after, 3),
        "drop": round(before - after, 3),
    }
    if forms["fp32"].right:
        pairs = list(zip(forms["fp32"].right, forms["int8"].right, strict=True))
        found |= {
            "pictures_lost": sum(was and not still for was, still in pairs),
            "pictures_won": sum(now and not was for was, now in pairs),
        }
    return {**found, "within_goal": found["drop"] <= goal} if goal else found


def tell(name: str, what: str, found: dict[str, Any]) -> None:
    print(f"{name}: {what}: {json.dumps(found)}", flush=True)


def default_folder() -> Path:
    """Folder of trained networks and pictures, as tests find it."""
    return Path(os.environ.get("GCV_EDGE_TESTDATA", ROOT.parent / "shared" / "data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--data", type=Path, default=default_folder())
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"{arguments.data}: no such folder; --data or GCV_EDGE_TESTDATA names it")
    rows = read_results("int8_accuracy").get("networks", {}) if arguments.networks else {}
    for name in arguments.networks or CASES:
        with tempfile.TemporaryDirectory() as workplace:
            rows[name] = measure(name, arguments.data, Path(workplace))
        write_results("int8_accuracy", {"networks": {key: rows[key] for key in CASES if key in rows}})


if __name__ == "__main__":
    main()
