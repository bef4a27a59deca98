"""The same rows from Ray, whatever happens to its actors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.batch.conftest import read_parts, same
from tests.batch.test_jobs import MANY, many, predict, start  # noqa: F401
from tests.cli.conftest import environment

pytestmark = pytest.mark.slow(reason="Ray takes ten seconds to start; the parts are tested without it")

RAY = ("--backend", "ray", "--workers", "2", "--worker-cpus", "1")


@pytest.fixture(autouse=True)
def _ray() -> None:
    pytest.importorskip("ray.data", reason="the extra [ray] is not installed", exc_type=ImportError)


def test_the_same_rows(detector: Path, many: Path) -> None:  # noqa: F811
    predict(detector, "many", "-o", "whole/", *MANY)
    with start(detector, "many", "-o", "out/", *MANY, *RAY) as process:
        printed, complained = process.communicate(timeout=300)
    assert process.returncode == 0, complained
    assert printed.startswith("out/: 400 pictures, 8 of them unreadable")
    assert same(read_parts("out")) == same(read_parts("whole"))


def actors() -> list[int]:
    """Processes of the actors of this test."""
    lines = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [
        int(line.split()[0]) for line in lines.splitlines() if "ray::MapWorker(MapBatches(ShardWorker" in line
    ]


def test_an_actor_that_is_killed_is_replaced(detector: Path, many: Path) -> None:  # noqa: F811
    predict(detector, "many", "-o", "whole/", *MANY)
    before = set(actors())
    with start(detector, "many", "-o", "out/", *MANY, *RAY) as process:
        killed = 0
        while process.poll() is None and killed < 3:
            for pid in set(actors()) - before:
                os.kill(pid, signal.SIGKILL)
                killed += 1
                break
            time.sleep(0.5)
        _, complained = process.communicate(timeout=300)
    assert killed
    assert process.returncode == 0, complained
    assert same(read_parts("out")) == same(read_parts("whole"))


PREDICTOR = """
import os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
from gcv_edge.batch import Predictor
ray.init(num_cpus=2, log_to_driver=False, logging_level="ERROR")
found = ray.data.read_parquet(sys.argv[1]).map_batches(
    Predictor, fn_constructor_kwargs=dict(model=sys.argv[2]), num_cpus=1,
    compute=ray.data.ActorPoolStrategy(size=1), batch_size=8,
)
rows = found.take_all()
print(len(rows), sum(row["error"] is None for row in rows), sorted(rows[0]))
"""


def test_the_class_in_map_batches(detector: Path, many: Path) -> None:  # noqa: F811
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(
        pyarrow.table({"path": [str(many / f"{i:04d}.jpg") for i in range(60)]}), "in.parquet"
    )
    command = [sys.executable, "-c", PREDICTOR, "in.parquet", str(detector)]
    printed = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True).stdout
    assert printed.splitlines()[-1].startswith("60 58 ['boxes', 'class_ids', 'error'")
