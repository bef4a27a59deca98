"""Data sets: RecordIO with its index, lists, CSV; and what is read of any."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from gcv_edge.data import open_dataset
from gcv_edge.data.targets import InstanceTarget
from gcv_edge.errors import DataError
from gcv_edge.evaluation.coco import MaskPrecision
from gcv_edge.runtime.pixel_limit import limit_pixels
from gcv_edge.tasks import CLASSIFICATION, DETECTION, Task
from tests.data_sets.conftest import encode, pack_image, pack_record
from tests.fuzz.mutations import mutate_bytes, mutate_text
from tests.fuzz.target import Target, mutating

PICTURE = encode()
MOST_PIXELS = 1 << 22
NOTHING_FOUND = SimpleNamespace(
    boxes=np.zeros((0, 4)), scores=np.zeros(0), class_ids=np.zeros(0, int), masks=()
)


def read_dataset(path: Path, *tasks: Task | None, **options: Any) -> None:
    """Open a data set for each task and read all there is of it."""
    for task in tasks:
        with limit_pixels(MOST_PIXELS):
            try_dataset(path, task, options)


def try_dataset(path: Path, task: Task | None, options: dict[str, Any]) -> None:
    """Read a data set; only the last task's refusal is one of the input as a whole."""
    dataset = open_dataset(path, task, **options)
    samples = [sample for _, sample in zip(range(20), dataset, strict=False)]
    for sample in samples:
        if isinstance(sample.target, InstanceTarget):
            measure_masks(sample.target, sample.frame.shape)
    dataset.limit(1).fingerprint()
    if task is CLASSIFICATION:
        list(dataset.class_ids())
    repr((dataset.skipped, dataset.damaged_labels, dataset.dropped_boxes, dataset.notes, dataset))


def measure_masks(target: InstanceTarget, shape: tuple[int, ...]) -> None:
    """Let pycocotools decode the masks."""
    metric = MaskPrecision([])
    metric.update(NOTHING_FOUND, target, (shape[1], shape[0]))
    metric.compute()


def place(folder: Path, name: str, data: bytes) -> Path:
    """Write a file, with folders and pictures beside it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def place_pictures(folder: Path, *names: str) -> None:
    for name in names:
        if not (folder / name).exists():
            place(folder, name, PICTURE)


def packed_records() -> Sequence[bytes]:
    boxes = [2.0, 5.0, 0.0, 0.1, 0.1, 0.5, 0.5, 1.0, 0.2, 0.2, 0.9, 0.9]
    labels = ([1.0, 2.0], [boxes, [4.0, 6.0, 9.0, 9.0, 1.0, 2.0, 3.0, 9.0, 8.0, 1.0]])
    return [b"".join(pack_record(pack_image(label, PICTURE)) for label in kind) for kind in labels]


def read_records(data: bytes, folder: Path) -> None:
    read_dataset(place(folder, "bare/a.rec", data), None)
    first_of(folder / "bare/a.rec", DETECTION, CLASSIFICATION)


def first_of(path: Path, *tasks: Task) -> None:
    """Read a data set whose labels fit one task or another."""
    for task in tasks[:-1]:
        with contextlib.suppress(DataError):
            return read_dataset(path, task)
    return read_dataset(path, tasks[-1])


def indexed() -> Sequence[bytes]:
    length = len(pack_record(pack_image(1.0, PICTURE)))
    return [b"0\t0\n1\t%d\n" % length, b"7\t%d\n" % length]


def read_index(data: bytes, folder: Path) -> None:
    place(folder, "indexed/a.rec", packed_records()[0])
    read_dataset(place(folder, "indexed/a.idx", data), CLASSIFICATION)


def lists() -> Sequence[bytes]:
    return [
        b"0\t1.0\ta.jpg\n1\t0\tb.jpg\n",
        b"0\t2\t5\t0\t0.1\t0.1\t0.5\t0.5\ta.jpg\n1\t2\t5\t1\t0\t0\t1\t1\tb.jpg\n",
    ]


def read_list(data: bytes, folder: Path) -> None:
    place_pictures(folder, "list/a.jpg", "list/b.jpg")
    first_of(place(folder, "list/a.lst", data), DETECTION, CLASSIFICATION)


def tables() -> Sequence[bytes]:
    return [
        b"path,class\na.jpg,cat\nb.jpg,dog\n",
        b"a.jpg,0\nb.jpg,3\n",
        b'filename,x1,y1,x2,y2,class\na.jpg,1,1,5,5,"a, cat"\na.jpg,2,2,9,9,dog\nb.jpg\n',
    ]


def read_table(data: bytes, folder: Path) -> None:
    place_pictures(folder, "table/a.jpg", "table/b.jpg")
    first_of(place(folder, "table/a.csv", data), DETECTION, CLASSIFICATION)


DATA = "gcv_edge/data/"
READER = (DATA + "reader.py",)
TARGETS = (
    Target(
        "records",
        mutating(packed_records, mutate_bytes),
        read_records,
        (DATA + "recordio.py", DATA + "packed.py", *READER),
    ),
    Target("record-index", mutating(indexed, mutate_text), read_index, (DATA + "recordio.py",)),
    Target("list", mutating(lists, mutate_text), read_list, (DATA + "lists.py",)),
    Target("table", mutating(tables, mutate_text), read_table, (DATA + "lists.py",)),
)
