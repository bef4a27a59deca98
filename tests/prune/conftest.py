"""A small residual network in a file."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir
import pytest

from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ModelMetadata, Preprocessing, format_metadata
from gcv_edge.tasks import CLASSIFICATION
from tests.support.small_graphs import make

PREPROCESSING = Preprocessing(mean=(127.0,) * 3, scale=(64.0,) * 3, resize_type="standard")


def write_small(path: Path, variant: str = "fp32", model: ir.Model | None = None) -> Path:
    """Write a network of four classes; without one, a residual network."""
    model = make("residual") if model is None else model
    metadata = ModelMetadata(
        CLASSIFICATION, ("a", "b", "c", "d"), PREPROCESSING, source="small", variant=variant
    )
    model.metadata_props.update(format_metadata(metadata))
    write_model(model, path)
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file to prune."""
    return write_small(tmp_path / "small.onnx")
