"""What makers of ONNX files write into them."""

from __future__ import annotations

import ast
from collections.abc import Mapping

ULTRALYTICS = "Ultralytics"
WITHOUT_TASK = ("segment", "pose", "obb")
"""What Ultralytics' networks are for that no task of this package is."""


def is_ultralytics(notes: Mapping[str, str]) -> bool:
    """Whether Ultralytics' exporter made a file."""
    return notes.get("author") == ULTRALYTICS


def class_names(notes: Mapping[str, str]) -> tuple[str, ...]:
    """Read the class names of a file of Ultralytics, ``{0: 'person', ...}``; none where there are none."""
    if not is_ultralytics(notes) or is_without_task(notes):
        return ()
    try:
        names = ast.literal_eval(notes.get("names", ""))
    except (ValueError, SyntaxError):
        return ()
    if not isinstance(names, dict) or sorted(names) != list(range(len(names))):
        return ()
    return tuple(str(names[index]) for index in range(len(names)))


def is_stretched_rtdetr(notes: Mapping[str, str]) -> bool:
    """Whether a file of Ultralytics is RT-DETR, which lists normalised boxes and sees stretched pictures."""
    return is_ultralytics(notes) and "rtdetr" in notes.get("description", "").lower()


def is_without_task(notes: Mapping[str, str]) -> bool:
    """Whether a file of Ultralytics is for what no task of this package is."""
    return is_ultralytics(notes) and notes.get("task") in WITHOUT_TASK


def explain_task(notes: Mapping[str, str]) -> str:
    """Say why a file of Ultralytics is exported as it is."""
    return (
        f"made by {ULTRALYTICS} for '{notes.get('task')}', which no task of this package is: all is exported "
        "as it is (task tensors)"
    )
