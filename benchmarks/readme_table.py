"""Write the README's figures from benchmarks/results: python benchmarks/readme_table.py [--check]"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import RESULTS, ROOT

README = ROOT / "README.md"
BEGIN, END = "<!-- figures: python benchmarks/readme_table.py -->", "<!-- end of figures -->"


def read(name: str) -> dict[str, Any]:
    """Read one benchmark's results."""
    document: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return document


def best(timings: dict[str, Any], name: str) -> float:
    """Best milliseconds of what a name begins with."""
    return min(row["best_ms"] for key, row in timings.items() if key.startswith(name))


def rows() -> Iterator[tuple[str, str, str]]:
    """Give what was measured, the figure and the command."""
    detector = read("detector")
    for precision, measured in detector["precisions"].items():
        yield (
            f"`Detector.run` on a 1080p frame over bare OpenVINO `infer`, {detector['network']}, {precision}",
            f"{measured['ratio']:.2f}x the time",
            detector["command"],
        )
    preprocess = read("preprocess")
    case = preprocess["cases"]["1080p to 416x416"]
    ours = best(case, "gcv-edge")
    for other in ("cv2.resize + NumPy normalise", "cv2.resize + cv2.dnn.blobFromImage"):
        yield (
            f"1080p to 416x416, resized and normalised, against {other}",
            f"{best(case, other) / ours:.1f}x faster ({ours:.2f} ms)",
            preprocess["command"],
        )
    nms = read("nms")
    times = nms["thresholds"]["0.01"]["times"]
    ours, theirs = best(times, "gcv-edge"), best(times, "cv2.dnn.NMSBoxesBatched")
    yield (
        "NMS of 10,647 boxes x 80 classes over 0.01, against cv2.dnn.NMSBoxesBatched",
        f"{theirs / ours:,.0f}x faster ({ours:.2f} ms)",
        nms["command"],
    )
    export = read("export")
    mine = export["results"]["gcv-edge"]
    yield (
        f"export of {export['network']} from symbol and parameters, against MXNet's mx2onnx",
        f"{export['speedup']:.1f}x faster ({mine['seconds_best']:.1f} s, {mine['peak_over_params']:.1f}x the "
        f"parameters' size in memory)",
        export["command"],
    )
    memory = read("int8_memory")
    yield (
        "peak memory of a calibration with 5,000 pictures, against one with 300",
        f"{memory['ratio']:.2f}x",
        memory["command"],
    )


def accuracy_rows() -> Iterator[tuple[str, ...]]:
    """Give what 8 bits cost each trained network, ours and MXNet's own, in points."""
    for name, row in read("int8_accuracy")["networks"].items():
        theirs = row["mxnet"]["smallest_drop"]
        yield (
            f"`{name}`",
            f"{row['metric']}, {row['measured_on']:,} pictures",
            f"{row['fp32']:.2f}",
            f"{row['int8']:.2f}",
            f"{row['drop']:.2f}{describe_gated(row)}",
            "it fails" if theirs is None else f"{theirs:.2f}",
        )


def describe_gated(row: dict[str, Any]) -> str:
    """Say what is lost with the goal as limit, where it was not kept without."""
    if "gated" not in row:
        return ""
    kept = " and ".join(f"{part['float']} of {part['of']}" for part in row["gated"]["layers"])
    return f"; with `--max-drop {row['goal']:g}` {row['gated']['drop']:.2f} ({kept} layers float)"


def table() -> str:
    """Format the figures as Markdown."""
    lines = ["| measured | figure | command |", "|---|---|---|"]
    lines += [f"| {what} | {figure} | `{command}` |" for what, figure, command in rows()]
    cpu = read("detector")["machine"]["cpu"]
    machine = f"Machine: {cpu}, 2 cores."
    return "\n".join([BEGIN, "", *lines, "", *accuracy_table(), "", machine, "", END])


def accuracy_table() -> list[str]:
    """Format what 8 bits cost as lines of Markdown."""
    command = read("int8_accuracy")["command"]
    return [
        "What 8 bits cost trained networks, in points; calibrated on other pictures than measured, nothing "
        f"returned to float (`{command}`). MXNet's is the best of its four modes on the same pictures.",
        "",
        "| network | metric | FP32 | INT8 | lost | lost by MXNet's INT8 |",
        "|---|---|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in accuracy_rows()),
    ]


def replace_table(text: str) -> str:
    """Return the README with the figures of today's results."""
    before, _, rest = text.partition(BEGIN)
    return before + table() + rest.partition(END)[2]


def main() -> None:
    old = Path(README).read_text()
    new = replace_table(old)
    if "--check" in sys.argv:
        sys.exit(0 if old == new else "README.md: the figures are not those of benchmarks/results")
    README.write_text(new)


if __name__ == "__main__":
    main()
