"""Train the network that the package ships, on drawn pictures, with GluonCV's own YOLOv3 and losses.

    python train.py OUT --minutes 40

Writes OUT/traffic_signs-symbol.json, -0000.params (`HybridBlock.export`), classes.txt and demo.json with the
figures measured on the test split. Needs the extra [mxnet]. One core is enough; set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from draw_pictures import TEST_SEED, TRAIN_SEED, draw_split
from signs import CLASSES

from gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet

mxnet, gluoncv = import_mxnet(), import_gluoncv()

SIDE = 256
CHANNELS = (80, 48, 32)
ANCHORS = ((10, 14, 14, 20, 20, 27), (28, 38, 38, 52, 54, 72), (76, 100, 110, 140, 160, 200))
STRIDES = (8, 16, 32)
MEAN = np.array((123.675, 116.28, 103.53), np.float32)
SCALE = np.array((58.395, 57.12, 57.375), np.float32)
BATCH = 8
PEAK_RATE, WARM_UP = 2e-3, 100
EMPTY_LOGIT = -5.0
BASE_SIDE, BASE_BATCH, BASE_SHARE = 64, 64, 0.15
TEST_PICTURES = 200
MAX_OBJECTS = 12

Picture = tuple[np.ndarray, np.ndarray]
"""BGR pixels, and boxes (x1, y1, x2, y2, class)."""


def train_base(pictures: list[Picture], seconds: float, seed: int) -> Any:
    """Train mobilenet0.25 to name what a small cut-out shows; detection learns slowly from nothing."""
    base = gluoncv.model_zoo.mobilenet.get_mobilenet(
        multiplier=0.25, pretrained=False, classes=len(CLASSES) + 1
    )
    base.initialize(mxnet.init.Xavier())
    base.hybridize()
    trainer = mxnet.gluon.Trainer(base.collect_params(), "adam", {"wd": 1e-4})
    measure = mxnet.gluon.loss.SoftmaxCrossEntropyLoss()
    random, begin, step, losses = np.random.default_rng(seed), time.time(), 0, []
    base(mxnet.nd.zeros((1, 3, BASE_SIDE, BASE_SIDE)))
    while (progress := (time.time() - begin) / max(seconds, 1e-6)) < 1:
        trainer.set_learning_rate(learning_rate(step, progress))
        cuts = [cut_out(pictures[random.integers(len(pictures))], random) for _ in range(BASE_BATCH)]
        inputs = mxnet.nd.array(np.stack([normalize(pixels) for pixels, _ in cuts]))
        with mxnet.autograd.record():
            loss = measure(base(inputs), mxnet.nd.array([kind for _, kind in cuts])).mean()
        loss.backward()
        trainer.step(1)
        losses.append(loss.asscalar())
        if step % 50 == 0:
            print(f"{time.time() - begin:6.0f} s  base step {step}  {np.mean(losses[-50:]):.3f}", flush=True)
        step += 1
    return base


def cut_out(picture: Picture, random: np.random.Generator) -> tuple[np.ndarray, int]:
    """Cut out a sign, or somewhere else one time in three; returns pixels and class (the last is nothing)."""
    pixels, boxes = picture
    height, width = pixels.shape[:2]
    if len(boxes) and random.uniform() < 0.67:
        x1, y1, x2, y2, kind = boxes[random.integers(len(boxes))]
        side = max(x2 - x1, y2 - y1) * random.uniform(1.0, 1.8)
        x, y = (x1 + x2) / 2 + side * random.normal(0, 0.1), (y1 + y2) / 2 + side * random.normal(0, 0.1)
    else:
        side, kind = random.uniform(20, 100), len(CLASSES)
        x, y = random.uniform(0, width), random.uniform(0, height)
        if len(boxes) and (np.abs((boxes[:, :2] + boxes[:, 2:4]) / 2 - (x, y)).max(1) < side).any():
            return cut_out(picture, random)
    factor = BASE_SIDE / side
    matrix = np.array([[factor, 0, BASE_SIDE / 2 - x * factor], [0, factor, BASE_SIDE / 2 - y * factor]])
    fill = tuple(float(level) for level in MEAN[::-1])
    return cv2.warpAffine(pixels, matrix, (BASE_SIDE, BASE_SIDE), borderValue=fill), int(kind)


def build_network(classes: tuple[str, ...], base: Any) -> Any:
    """GluonCV's YOLOv3 on a trained mobilenet0.25, with heads narrow enough to ship."""
    stages = [base.features[:33], base.features[33:69], base.features[69:-2]]
    return gluoncv.model_zoo.yolo.yolo3.YOLOV3(
        stages,
        list(CHANNELS),
        [list(sizes) for sizes in ANCHORS],
        list(STRIDES),
        list(classes),
        alloc_size=(64, 64),
    )


def expect_little(network: Any) -> None:
    """Start from the belief that a place is empty, which most of the 4,032 places of a picture are."""
    for output in network.yolo_outputs:
        bias = output.prediction.bias
        values = bias.data().asnumpy().reshape(len(ANCHORS[0]) // 2, -1)
        values[:, 4:] = EMPTY_LOGIT / 2
        values[:, 4] = EMPTY_LOGIT
        bias.set_data(values.ravel())


def draw_all(seed: int, count: int) -> list[Picture]:
    return [(scene.picture, scene.boxes.astype(np.float32)) for scene in draw_split(seed, count)]


def zoom(picture: Picture, random: np.random.Generator) -> Picture:
    """Cut out or shrink a part at random, and change its brightness; boxes mostly outside are dropped."""
    pixels, boxes = picture
    height, width = pixels.shape[:2]
    factor = random.uniform(0.8, 1.5) * SIDE
    stretch = random.uniform(0.85, 1.18)
    sides = np.array([factor * stretch / width, factor / stretch / height])
    room = SIDE - np.array([width, height]) * sides
    shift = random.uniform(np.minimum(room, 0), np.maximum(room, 0))
    matrix = np.array([[sides[0], 0, shift[0]], [0, sides[1], shift[1]]])
    fill = tuple(float(level) for level in MEAN[::-1])
    moved = cv2.warpAffine(pixels, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=fill)
    corners = boxes[:, :4] * np.tile(sides, 2) + np.tile(shift, 2)
    inside = corners.clip(0, SIDE - 1)
    share = area(inside) / np.maximum(area(corners), 1e-6)
    kept = (share > 0.5) & (np.minimum(inside[:, 2] - inside[:, 0], inside[:, 3] - inside[:, 1]) > 5)
    gain = random.uniform(0.75, 1.3)
    return np.clip(moved * gain, 0, 255).astype(np.uint8), np.column_stack([inside, boxes[:, 4]])[kept]


def area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def normalize(pixels: np.ndarray) -> np.ndarray:
    return ((pixels[..., ::-1] - MEAN) / SCALE).transpose(2, 0, 1)


def draw_batches(
    pictures: list[Picture], random: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless batches: inputs [B, 3, SIDE, SIDE] and ground truth [B, MAX_OBJECTS, 5], padded with -1."""
    while True:
        order = random.permutation(len(pictures))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chosen = [zoom(pictures[index], random) for index in order[start : start + BATCH]]
            truth = np.full((BATCH, MAX_OBJECTS, 5), -1, np.float32)
            for row, (_, boxes) in zip(truth, chosen, strict=True):
                row[: len(boxes)] = boxes[:MAX_OBJECTS]
            yield np.stack([normalize(pixels) for pixels, _ in chosen]).astype(np.float32), truth


class Targets:
    """GluonCV's target generator, with the anchors and grids of the network."""

    def __init__(self, network: Any) -> None:
        generator = gluoncv.model_zoo.yolo.yolo_target.YOLOV3PrefetchTargetGenerator
        self.generate = generator(num_class=len(CLASSES))
        self.picture = mxnet.nd.zeros((1, 3, SIDE, SIDE))
        with mxnet.autograd.train_mode():
            _, self.anchors, self.offsets, self.maps, *_ = network(self.picture)

    def __call__(self, truth: np.ndarray) -> list[Any]:
        boxes, ids = mxnet.nd.array(truth[..., :4]), mxnet.nd.array(truth[..., 4:])
        return [boxes, *self.generate(self.picture, self.maps, self.anchors, self.offsets, boxes, ids, None)]


def learning_rate(step: int, progress: float) -> float:
    """Linear warm-up, then a cosine to zero at the end of the time."""
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def train(network: Any, pictures: list[Picture], seconds: float, seed: int) -> dict[str, Any]:
    """Train for a given time; return what was done."""
    targets = Targets(network)
    network.hybridize()  # only now: a hybridized block keeps the form of its first call
    trainer = mxnet.gluon.Trainer(network.collect_params(), "adam", {"wd": 1e-4})
    begin, losses, step = time.time(), [], 0
    for step, (inputs, truth) in enumerate(draw_batches(pictures, np.random.default_rng(seed))):
        progress = (time.time() - begin) / seconds
        if progress >= 1:
            break
        trainer.set_learning_rate(learning_rate(step, progress))
        extra = targets(truth)
        with mxnet.autograd.record():
            parts = network(mxnet.nd.array(inputs), *extra)
            total = sum(part.sum() for part in parts)
        total.backward()
        trainer.step(BATCH)
        losses.append(total.asscalar() / BATCH)
        if step % 50 == 0:
            print(f"{time.time() - begin:6.0f} s  step {step}  loss {np.mean(losses[-50:]):.2f}", flush=True)
    return {
        "steps": step,
        "seconds": round(time.time() - begin),
        "final_loss": round(float(np.mean(losses[-100:])), 3),
    }


def evaluate(network: Any, pictures: list[Picture]) -> dict[str, float]:
    """VOC07 mean average precision by GluonCV's metric, in input pixels."""
    metric = gluoncv.utils.metrics.voc_detection.VOC07MApMetric(iou_thresh=0.5, class_names=CLASSES)
    for pixels, boxes in pictures:
        stretched = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        ids, scores, found = network(mxnet.nd.array(normalize(stretched)[None]))
        truth = boxes[:, :4] * np.tile([SIDE / pixels.shape[1], SIDE / pixels.shape[0]], 2)
        metric.update(found.clip(0, SIDE), ids, scores, truth[None], boxes[None, :, 4])
    return {name: round(float(value), 4) for name, value in zip(*metric.get(), strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--pictures", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="Go on from the -0000.params of an earlier run.")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    mxnet.random.seed(options.seed)
    np.random.seed(options.seed)
    pictures = draw_all(TRAIN_SEED, options.pictures)
    print(f"{len(pictures)} pictures drawn", flush=True)
    seconds = options.minutes * 60
    base_seconds = 0.0 if options.start else BASE_SHARE * seconds
    network = build_network(CLASSES, train_base(pictures, base_seconds, options.seed))
    network.initialize(mxnet.init.Xavier())  # what the base has learnt stays
    network(mxnet.nd.zeros((1, 3, SIDE, SIDE)))
    if options.start:
        network.collect_params().load(str(options.start), mxnet.cpu())
    else:
        expect_little(network)
    record = train(network, pictures, seconds - base_seconds, options.seed)
    network.hybridize()
    network.set_nms(nms_thresh=0.45, nms_topk=400, post_nms=100)
    figures = evaluate(network, draw_all(TEST_SEED, TEST_PICTURES))
    print(figures)
    network.export(str(options.out / "traffic_signs"))
    (options.out / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    versions = {
        "mxnet": mxnet.__version__,
        "gluoncv": gluoncv.__version__,
        "python": platform.python_version(),
    }
    summary = {
        "input_shape": [1, 3, SIDE, SIDE],
        "metric": f"VOC07 mAP at IoU 0.5 on {TEST_PICTURES} drawn test pictures (seed {TEST_SEED}), MXNet",
        "average_precision": figures,
        "training": {**record, "pictures": options.pictures, "seed": options.seed, "versions": versions},
        "continued": bool(options.start),
    }
    (options.out / "demo.json").write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
