"""Opening a session of the engine that is asked for."""

from __future__ import annotations

from pathlib import Path

from gcv_edge.runtime.onnxruntime_session import OnnxRuntimeSession
from gcv_edge.runtime.openvino_session import OpenVinoSession
from gcv_edge.runtime.sessions import Session, SessionOptions, check_count


def open_session(
    path: str | Path,
    options: SessionOptions | None = None,
    *,
    batch: int | None = None,
    content: bytes | None = None,
) -> Session:
    """Load an ONNX file into the engine that the options name.

    Args:
        path: the file.
        options: how to run it; None for the engine that is installed (OpenVINO first), f32, latency.
        content: of the file, where it is in memory; ``path`` then stands for it in messages.
        batch: frames per inference, for a file exported with a dynamic batch; None for the file's own, or 1.

    Raises:
        ModelFileError: the engine cannot load the file.
        MissingExtraError: the engine is not installed.
        UnsupportedError: the CPU or the engine does not have that precision, there is no such device, or
            the file's batch is another.
    """
    options = options or SessionOptions()
    check_count("batch", batch)
    if options.engine == "openvino":
        return OpenVinoSession(Path(path), options, batch, content)
    return OnnxRuntimeSession(Path(path), options, batch, content)
