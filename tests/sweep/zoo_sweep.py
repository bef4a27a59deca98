"""Convert networks of GluonCV's zoo and compare them with MXNet: python -m tests.sweep.zoo_sweep.

Needs the extra [mxnet]. Nothing is downloaded: weights are random (random_weights.py), the input is a smooth
pattern with noise. A network passes when each canonical output agrees to 1e-3 of its largest value; detectors
are also exported with NMS in the graph, and the lists compared.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import openvino

from gcv_edge.agreement import lists_peaks, mask_error, unmatched_proposals, unmatched_share
from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.export import Network, export_network
from gcv_edge.exporters.mxnet.live import build_zoo_block, trace, zoo_names, zoo_shape
from gcv_edge.exporters.mxnet.reference import MxnetReference
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import DetectionSettings
from tests.sweep.random_weights import Array, stream, with_random_weights

TOLERANCE = 1e-3
NEAR_TIES = 0.05
"""Part of a list that may differ because of near ties."""

CUSTOM_CLASSES = ("a", "b", "c")

FAMILIES = (
    "alexnet", "vgg11_bn", "resnet18_v1", "resnet50_v2", "resnet50_v1d", "resnext50_32x4d",
    "se_resnext50_32x4d", "senet_154", "mobilenet0.25", "mobilenetv2_0.25", "mobilenetv3_small",
    "squeezenet1.0", "densenet121", "inceptionv3", "googlenet", "xception", "darknet53", "nasnet_4_1056",
    "resnest14", "residualattentionnet56", "cifar_resnet20_v1", "cifar_wideresnet16_10",
    "cifar_resnext29_16x64d", "hrnet_w18_small_v1_c", "fcn_resnet50_ade", "psp_resnet50_ade",
    "deeplab_resnet50_ade", "deeplab_v3b_plus_wideresnet_citys", "icnet_resnet50_citys", "fastscnn_citys",
    "hrnet_w18_small_v1_s", "danet_resnet50_citys", "simple_pose_resnet18_v1b", "mobile_pose_mobilenet1.0",
    "alpha_pose_resnet101_v1b_coco", "ssd_300_vgg16_atrous_voc", "ssd_512_mobilenet1.0_voc",
    "ssd_512_resnet50_v1_voc", "yolo3_mobilenet1.0_voc", "yolo3_mobilenet0.25_custom", "yolo3_darknet53_coco",
    "center_net_resnet18_v1b_voc", "center_net_dla34_dcnv2_coco", "center_net_mobilenetv3_small_duc_coco",
    "faster_rcnn_resnet50_v1b_voc", "faster_rcnn_fpn_resnet50_v1b_coco", "doublehead_rcnn_resnet50_v1b_voc",
    "faster_rcnn_fpn_syncbn_resnest50_coco", "mask_rcnn_fpn_resnet18_v1b_coco",
)  # fmt: skip
"""One network of each architecture."""


@dataclass(frozen=True)
class Result:
    """How one output of one network compares; ``relative`` is a part of MXNet's largest value."""

    name: str
    output: str
    shape: str
    scale: float
    absolute: float
    relative: float
    seconds: float
    verdict: str


@dataclass(frozen=True)
class Setup:
    """How networks are run; with a ``batch`` above 1 its dimension is left open."""

    engine: str
    batch: int
    seed: int


def main() -> int:
    """Run the sweep; return 1 when a network fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="zoo names (default: one of each architecture)")
    parser.add_argument("--all", action="store_true", help="every name whose input is known")
    parser.add_argument("--task", help="only networks of this task")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="onnxruntime")
    parser.add_argument("--batch", type=int, default=1, help="above 1, the batch dimension is left open")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--csv", type=Path, help="also write the table to this file")
    options = parser.parse_args()
    os.environ.update(MXNET_SUBGRAPH_BACKEND="NONE", MXNET_ENGINE_TYPE="NaiveEngine")
    names = options.names or (zoo_names() if options.all else FAMILIES)
    results = []
    for result in sweep(names, options.task, Setup(options.engine, options.batch, options.seed)):
        print_result(result)
        results.append(result)
        if options.csv is not None:
            write_csv(options.csv, results)
    failed = {result.name for result in results if result.verdict != "ok"}
    print(f"{len({result.name for result in results})} networks, {len(failed)} failed: {sorted(failed)}")
    return bool(failed)


def sweep(names: Iterable[str], task: str | None, setup: Setup) -> Iterator[Result]:
    """Compare network after network."""
    for name in names:
        facts = zoo.describe(name)
        if facts is None or (task is not None and facts.task.name != task):
            continue
        started = time.monotonic()
        try:
            pairs = list(compare_network(name, setup))
        except (GcvEdgeError, RuntimeError, ValueError, Warning) as error:
            reason = " ".join(str(error).split())[:200]
            yield Result(name, "-", "-", 0, 0, 0, time.monotonic() - started, reason)
            continue
        for output, found, expected in pairs:
            yield measure(name, output, found, expected, time.monotonic() - started)


def measure(name: str, output: str, found: Array, expected: Array, seconds: float) -> Result:
    """Compare one output."""
    scale, shape = float(np.abs(expected).max()), "x".join(map(str, expected.shape))
    if found.shape != expected.shape:
        return Result(name, output, shape, scale, np.inf, np.inf, seconds, f"found shape {found.shape}")
    absolute = float(np.abs(found - expected).max())
    is_varied = np.isfinite(expected).all() and expected.std() > 1e-3 * scale
    verdict = "ok" if absolute <= TOLERANCE * scale else "differs"
    return Result(
        name,
        output,
        shape,
        scale,
        absolute,
        absolute / scale,
        seconds,
        verdict if is_varied else "degenerate",
    )


def compare_network(name: str, setup: Setup) -> Iterator[tuple[str, Array, Array]]:
    """Give output name, the engine's and MXNet's values for every canonical output."""
    network = load_network(name)
    shape = zoo_shape(name)
    batch = picture((setup.batch, *shape[1:]), setup.seed)
    network = with_random_weights(network, batch[:1], setup.seed)
    expected = run_reference(network, batch)
    options = ExportOptions(input_shape=shape, dynamic_batch=setup.batch > 1)
    found = run_export(network, options, setup.engine, batch)
    if "boxes" not in found:
        yield from ((output, value, expected["output"]) for output, value in found.items())
        return
    settings = find_settings(network)
    if found["boxes"].ndim == 4 or "masks" in found or lists_peaks("scores", settings):
        yield from compare_chosen(found, expected, settings)
        return
    yield from ((output, value, expected[output]) for output, value in found.items())
    final = run_export(network, replace(options, nms="graph"), setup.engine, batch)
    rows = join_rows(final)
    yield "list", rows, run_box_nms(found["boxes"], found["scores"], settings)[:, : rows.shape[1]]
    theirs = join_rows({key: expected[f"final_{key}"] for key in final})
    yield "matched", *(np.array([float(count), 1.0]) for count in count_matches(rows[0], theirs[0]))


def compare_chosen(
    found: dict[str, Array], expected: dict[str, Array], settings: DetectionSettings
) -> Iterator[tuple[str, Array, Array]]:
    """Compare what rounding may reorder by the share of rows without a partner."""
    if found["boxes"].ndim == 4:
        yield "proposals", *shares(unmatched_proposals(found, expected))
    elif "masks" not in found:
        yield "boxes", found["boxes"], expected["boxes"]
    settings = replace(settings, nms="graph" if "masks" in found else "runtime")
    yield "list", *shares(unmatched_share(found, expected, settings))
    if "masks" in found:
        yield "masks", *shares(mask_error(found, expected, settings))


def shares(unmatched: float) -> tuple[Array, Array]:
    """Spell an error as a comparison with NEAR_TIES taken off."""
    return np.array([1.0 + max(0.0, unmatched - NEAR_TIES), 0.0]), np.array([1.0, 0.0])


def run_reference(network: Network, batch: Array) -> dict[str, Array]:
    """Run MXNet on picture after picture: some symbols hold the batch size they were traced with."""
    reference = MxnetReference(network)
    runs = [reference.run(picture[None]) for picture in batch]
    return {key: np.concatenate([run[key] for run in runs]) for key in runs[0]}


def join_rows(final: dict[str, Array]) -> Array:
    """Join a list's parts to rows ``[N, D, 6]``."""
    return np.concatenate([final[key] for key in ("ids", "scores", "boxes")], axis=-1)


def find_settings(network: Network) -> DetectionSettings:
    """Read how the network selects among candidates."""
    head = find_detection_head(network.symbol)
    assert head is not None
    return head.settings


def run_box_nms(boxes: Array, scores: Array, settings: DetectionSettings) -> Array:
    """Select in MXNet from the engine's own numbers, so that the lists must be equal."""
    classes = scores.shape[2]
    ids = np.tile(np.repeat(np.arange(classes), scores.shape[1])[None, :, None], (len(scores), 1, 1))
    by_class = scores.transpose(0, 2, 1).reshape(len(scores), -1, 1)
    rows = np.concatenate([ids, by_class, np.tile(boxes, (1, classes, 1))], axis=2)
    mxnet = import_mxnet()
    return mxnet.nd.contrib.box_nms(
        mxnet.nd.array(rows),
        overlap_thresh=settings.iou_threshold,
        valid_thresh=settings.confidence_threshold,
        topk=settings.nms_topk,
        id_index=0,
        score_index=1,
        coord_start=2,
        force_suppress=settings.class_agnostic,
    ).asnumpy()


def count_matches(found: Array, expected: Array) -> tuple[int, int]:
    """Count MXNet's detections that have a counterpart, and all of them.

    The lists come from numbers that differ in the fifth digit, so a few near ties may fall another way.
    """
    expected = expected[expected[:, 1] > 0]
    scale = np.array([0.1, 1.0] + [np.abs(expected[:, 2:]).max()] * 4) * TOLERANCE
    pairs = np.abs(found[None] - expected[:, None]) <= scale
    matched = int(pairs.all(axis=2).any(axis=1).sum())
    allowed = int(len(expected) * NEAR_TIES)
    return (len(expected) if matched >= len(expected) - allowed else matched), len(expected)


def load_network(name: str) -> Network:
    """Build and trace a zoo network, all its weights zero."""
    gluoncv, mxnet = import_gluoncv(), import_mxnet()
    allow_empty_reset(mxnet)
    classes = CUSTOM_CLASSES if "custom" in name else ()
    block = build_zoo_block(gluoncv, name, classes, is_trained=False)
    block.initialize(mxnet.init.Zero(), force_reinit=True)
    return trace(block, name, zoo_shape(name))


def allow_empty_reset(mxnet: object) -> None:
    """Let builders call ``reset_ctx`` on a base network that has no values without trained weights."""
    parameter = mxnet.gluon.Parameter  # type: ignore[attr-defined]
    reset = parameter.reset_ctx

    def reset_if_filled(self: object, ctx: object) -> None:
        if self._data is not None or self._deferred_init:  # type: ignore[attr-defined]
            reset(self, ctx)

    parameter.reset_ctx = reset_if_filled


def run_export(network: Network, options: ExportOptions, engine: str, batch: Array) -> dict[str, Array]:
    """Export and run."""
    model = ir.to_proto(export_network(network, options).model)
    return ENGINES[engine](model.SerializeToString(), batch)


def run_onnxruntime(model: bytes, batch: Array) -> dict[str, Array]:
    """Run a model of one input in ONNX Runtime."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: batch}), strict=True))


def run_openvino(model: bytes, batch: Array) -> dict[str, Array]:
    """Run a model of one input in OpenVINO, in float32."""
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    network = core.compile_model(core.read_model(model), "CPU", settings)
    results = network.create_infer_request().infer([batch])
    return {output.any_name: results[output] for output in network.outputs}


ENGINES: dict[str, Callable[[bytes, Array], dict[str, Array]]] = {
    "onnxruntime": run_onnxruntime,
    "openvino": run_openvino,
}


def picture(shape: tuple[int, ...], seed: int) -> Array:
    """Draw a smooth pattern with noise: noise alone would excite every unit alike."""
    random = stream(seed, "picture")
    rows, columns = (np.arange(size) / size * 2 * np.pi for size in shape[-2:])
    waves = np.sin(columns + random.uniform(0, 6)) * np.cos(1.5 * rows + random.uniform(0, 6))[:, None]
    return (0.7 * random.normal(0, 1, shape) + 0.7 * waves).astype(np.float32)


def print_result(result: Result) -> None:
    """Print a row of the table."""
    print(
        f"{result.name:36} {result.output:12} {result.shape:16} scale {result.scale:9.3g}  "
        f"abs {result.absolute:8.2e}  rel {result.relative:8.2e}  {result.seconds:5.1f} s  {result.verdict}",
        flush=True,
    )


def write_csv(path: Path, results: list[Result]) -> None:
    """Write all rows."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Result)])
        writer.writeheader()
        writer.writerows(asdict(result) for result in results)


if __name__ == "__main__":
    sys.exit(main())
