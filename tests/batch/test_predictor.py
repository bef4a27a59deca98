"""The class that data engines call, without an engine."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from gcv_edge import Detector
from gcv_edge.batch import Predictor
from gcv_edge.errors import DataError, GcvEdgeError
from gcv_edge.runtime.sources import read_picture
from tests.runtime.conftest import Maker


@pytest.fixture
def predictor(detector: Path, pyarrow: ModuleType) -> Predictor:
    return Predictor(detector, threshold=0.1)


def test_paths_in_a_dictionary(predictor: Predictor, detector: Path, shop: Path) -> None:
    paths = ["shop/b.png", "shop/c/d/3.jpg", "none.png"]
    table = predictor({"path": np.array(paths), "id": np.arange(3)})
    assert table.column_names[0] == "id"
    assert table.column("path").to_pylist() == paths
    assert table.column("error").to_pylist() == [
        None,
        "shop/c/d/3.jpg: found no picture, expected JPEG, PNG or the like",
        "none.png: no such file",
    ]
    expected = Detector(detector).run(read_picture("shop/b.png")).over(0.1)
    assert table.column("labels")[0].as_py() == expected.names
    assert table.schema.field("boxes").type == predictor.schema.field("boxes").type


def test_bytes_in_a_table(predictor: Predictor, shop: Path, pyarrow: ModuleType) -> None:
    data = [(shop / "b.png").read_bytes(), None, b""]
    table = predictor(
        pyarrow.table({"bytes": pyarrow.array(data, pyarrow.binary()), "label": ["x", "y", "z"]})
    )
    assert "bytes" not in table.column_names
    assert "path" not in table.column_names
    assert table.column("label").to_pylist() == ["x", "y", "z"]
    assert [one is None for one in table.column("error").to_pylist()] == [True, False, False]


def test_data_frames(predictor: Predictor, shop: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frames = [pandas.DataFrame({"path": ["shop/b.png"]}), pandas.DataFrame({"path": ["shop/a/2.png"]})]
    found = pandas.concat(predictor.map(iter(frames)))
    assert found["path"].tolist() == ["shop/b.png", "shop/a/2.png"]
    assert found["width"].tolist() == [60, 60]


def test_batches_without_pictures(predictor: Predictor, make_model: Maker) -> None:
    with pytest.raises(DataError, match="found columns x, expected path or bytes"):
        predictor({"x": np.arange(2)})
    with pytest.raises(GcvEdgeError, match="found a network for tensors"):
        Predictor(make_model("tensors"))
