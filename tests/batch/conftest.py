"""Pictures and networks that tables are made of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from tests.cli.conftest import here  # noqa: F401
from tests.runtime.conftest import Maker, make_model  # noqa: F401

Rows = list[dict[str, Any]]


@pytest.fixture
def detector(make_model: Maker, here: Path) -> Path:  # noqa: F811
    """Finds things of the colours that a picture has."""
    return make_model("detection")


@pytest.fixture
def shop(here: Path) -> Path:  # noqa: F811
    """A folder with eleven pictures in three folders, one of which is none."""
    random = np.random.default_rng(1)
    for name in ("b.png", "a/2.png", "a/10.png", *(f"c/d/{i}.jpg" for i in range(8))):
        path = here / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), random.integers(0, 256, (40, 60, 3), np.uint8))
    (here / "shop/c/d/3.jpg").write_bytes(b"no picture")
    return here / "shop"


ORDER = ["a/10.png", "a/2.png", "b.png", *(f"c/d/{i}.jpg" for i in range(8))]
"""The names in ``shop``, as they are listed."""


@pytest.fixture
def pyarrow() -> ModuleType:
    """Pyarrow with Parquet; the test is skipped where the extra [batch] is not installed."""
    pytest.importorskip("pyarrow.parquet", reason="the extra [batch] is not installed", exc_type=ImportError)
    import pyarrow

    return pyarrow


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """Address of an object store of this machine's own, one for all tests: pyarrow is told where once."""
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(pyarrow: ModuleType, store: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket called ``bucket``, empty; boto3's client for it."""
    import boto3

    settings = {
        "AWS_ENDPOINT_URL": store,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    yield client
    for found in client.list_objects_v2(Bucket="bucket").get("Contents", ()):
        client.delete_object(Bucket="bucket", Key=found["Key"])
    client.close()


def read_lines(path: str | os.PathLike[str]) -> Rows:
    """Read JSON lines."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def read_parts(folder: str | os.PathLike[str]) -> Rows:
    """Read a folder's parts of JSON lines, in the order of their names."""
    return [row for part in sorted(Path(folder).glob("part-*.jsonl")) for row in read_lines(part)]


def same(rows: Rows) -> Rows:
    """Leave out what differs from run to run, and sort by path."""
    kept = [{key: value for key, value in row.items() if key != "milliseconds"} for row in rows]
    return sorted(kept, key=lambda row: str(row["path"]))
