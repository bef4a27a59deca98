"""OpenVINO Model API, beside small networks whose outputs can be worked out by hand."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.engines import import_openvino
from gcv_edge.model_api import write_ir
from tests.runtime.conftest import make_model

__all__ = ["make_model"]

Open = Callable[..., Any]


@pytest.fixture(scope="session")
def model_api() -> Any:
    """The package; the test is skipped where it is not installed."""
    if importlib.util.find_spec("model_api") is None:
        pytest.skip("openvino-model-api is not installed: it needs Python 3.11 or later")
    import_openvino()  # without its telemetry
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import model_api.adapters
        import model_api.models
    return model_api


@pytest.fixture(scope="session")
def open_wrapper(model_api: Any) -> Open:
    """Convert an exported file, and let Model API open what was made.

    It computes in float32: left alone it takes bfloat16 where the CPU has it.
    """

    def open_model(path: Path, **configuration: Any) -> Any:
        files = write_ir(path, path.with_suffix(".xml"))
        adapter = model_api.adapters.OpenvinoAdapter(
            model_api.adapters.create_core(),
            str(files.xml),
            plugin_config={"INFERENCE_PRECISION_HINT": "f32"},
        )
        return model_api.models.Model.create_model(adapter, configuration=configuration)

    return open_model
