"""Write the figures of README.md, docs/int8.md and docs/prune.md from benchmarks/results.

Run: python benchmarks/readme_table.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness import ROOT, read_results
from markdown_table import table

SPEED_COMMAND = "python benchmarks/int8.py"
"""That measures all networks; its results may come from several calls, each of some."""

SPEED_COLUMNS = {
    "OpenVINO FP32": ("vnni", "OpenVINO FP32"),
    "MXNet FP32": ("vnni", "MXNet FP32 unfused"),
    "MXNet INT8": ("vnni", "MXNet INT8"),
    "OpenVINO BF16, uncapped": ("uncapped", "OpenVINO BF16"),
    "MXNet FP32, uncapped": ("uncapped", "MXNet FP32 unfused"),
    "MXNet INT8, uncapped": ("uncapped", "MXNet INT8"),
}
"""What our INT8 is held against, under which cap and as which form."""

FORMS = {"C++": "cpp", "C++ with large pages": "cpp_large_pages", "Python": "python"}
"""Of ``Detector``, beside bare inference."""

PRUNING_COMMANDS = {
    "cifar": "python benchmarks/pruning.py cifar",
    "detectors": "python benchmarks/pruning.py detectors",
    "resnet50": "python benchmarks/pruning.py resnet50",
}
"""That measure all rows, likewise."""

OURS = "obs, default"
"""Order of the channels and fit that ``gcv-edge prune`` takes."""

LOST = ("lost", "goal", "reached", "8 bits: lost more", "times as fast")
"""Columns of ``loss_cells``."""

ALMOST = 0.99
"""Of a speed asked for: two measurements of one network differ by as much."""

LEAST_SHARE = 0.02
BEGIN, END = "<!-- figures: python benchmarks/readme_table.py -->", "<!-- end of figures -->"


def read(name: str) -> dict[str, Any]:
    """Read one benchmark's results, which must be there."""
    document = read_results(name)
    if not document:
        sys.exit(f"benchmarks/results/{name}.json: no such results, or they cannot be read")
    return document


def where(name: str) -> str:
    """Name the machine of a benchmark's results."""
    machine = read(name)["machine"]
    return f"{machine['cpu']}, {machine['cores']} cores"


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
    cpp = read("cpp_detector")
    for isa, found in cpp["isas"].items():
        eight = found["forms"]["int8"]
        cap = "" if isa == "native" else f", capped to {isa.upper()}"
        command = f"python benchmarks/cpp_detector.py{'' if isa == 'native' else f' --isa {isa}'}"
        for language, name in FORMS.items():
            yield (
                f"the same in {language}, {cpp['network']}, 8 bits{cap}",
                f"{eight[name]['ratio']:.2f}x the time",
                command,
            )
        rates = eight["throughput"]
        yield (
            f"frames per second of C++ `stream`, 1080p to boxes, over `benchmark_app`'s, 8 bits{cap}",
            f"{rates['ratio']:.2f}x ({rates['detector_fps']:.0f} frames per second)",
            command,
        )
    soak = read("cpp_soak")
    soaked, shared = soak["soak"], soak["threads_under_tsan"]
    yield (
        f"memory of the C++ `Detector` over {soaked['frames']:,} frames up to 1080p; descriptors left open",
        f"{soaked['least_percent']:+.1f} to {soaked['most_percent']:+.1f} %, "
        f"{soaked['descriptors_left_open']}",
        soak["command"],
    )
    yield (
        f"{shared['threads']} threads sharing one C++ `Detector` for {shared['seconds']} s under TSan",
        f"{shared['runs']:,} runs, {shared['wrong']} wrong, no race",
        soak["command"],
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


def readme() -> str:
    """Format the README's figures as Markdown."""
    cells = [(what, figure, f"`{command}`") for what, figure, command in rows()]
    lines = table(("measured", "figure", "command"), cells, right=())
    machine = f"Machine: {where('detector')}."
    tables = (lines, accuracy_table(), speed_table(), [machine], pruning_table())
    return "\n\n".join("\n".join(lines) for lines in tables)


def titled(
    told: str, heads: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[int] | None = None
) -> list[str]:
    """Give the lines of a table below what is told of it."""
    return [told, "", *table(heads, cells, right)]


def speed_table() -> list[str]:
    """Format how many times faster 8 bits are as lines of Markdown."""
    results = read("int8")
    return titled(
        "How many times as fast our INT8 is, one picture at a time, 2 threads; capped to an AWS C5's "
        "instruction set (VNNI) and with all that the processor has, AMX included "
        f"(`{SPEED_COMMAND}`).",
        ("network", *SPEED_COLUMNS),
        [(f"`{name}`", *speed_ups(found)) for name, found in results["networks"].items()],
        right=(),
    )


def speed_ups(found: dict[str, Any]) -> Iterator[str]:
    """Give a network's cells."""
    for cap, form in SPEED_COLUMNS.values():
        ratio = found[cap]["ratios"].get(form)
        yield "-" if ratio is None else f"{ratio:.2f}"


def missed() -> str:
    """Format the goals that are not reached, and what the time goes to, as Markdown."""
    results = read("int8")
    told = (
        f"From `{SPEED_COMMAND}`: the goals that are not reached, and the kernels of the 8-bit network "
        "that take its time."
    )
    cells = []
    for name, found in results["networks"].items():
        for goal, held in found["goals"].items():
            if held["found"] is not None and not held["reached"]:
                cap = "vnni" if "VNNI" in goal else "uncapped"
                shares = describe_kernels(found[cap]["kernels"])
                cells.append((f"`{name}`", goal, f"{held['wanted']:g}", f"{held['found']:.2f}", shares))
    heads = ("network", "goal", "wanted", "found", "where the time goes")
    return "\n".join(titled(told, heads, cells, right=()))


def describe_kernels(kernels: dict[str, dict[str, float]]) -> str:
    """Say what share of the time each kind of kernel takes."""
    whole = sum(kernel["microseconds"] for kernel in kernels.values())
    shares = {name: (kernel["nodes"], kernel["microseconds"] / whole) for name, kernel in kernels.items()}
    return ", ".join(
        f"{count:g} `{name}` {share:.0%}" for name, (count, share) in shares.items() if share >= LEAST_SHARE
    )


def accuracy_table() -> list[str]:
    """Format what 8 bits cost as lines of Markdown."""
    command = read("int8_accuracy")["command"]
    return titled(
        "What 8 bits cost trained networks, in points; calibrated on other pictures than measured, nothing "
        f"returned to float (`{command}`). MXNet's is the best of its four modes on the same pictures.",
        ("network", "metric", "FP32", "INT8", "lost", "lost by MXNet's INT8"),
        list(accuracy_rows()),
        right=(),
    )


def pruning_table() -> list[str]:
    """Give what pruning loses and saves at the lowest speed that was asked for."""
    classifiers = [row[OURS] for row in by_goal(read("pruning_cifar")["rows"]).values()]
    found = [*classifiers, *read("pruning_detectors")["rows"]]
    asked = min(row["asked"] for row in found)
    commands = "; ".join(
        f"`{PRUNING_COMMANDS[name]}`, {where(f'pruning_{name}')}" for name in ("cifar", "detectors")
    )
    return titled(
        f"What trained networks lose in points when `gcv-edge prune` makes them {asked:g}x as fast, without "
        f"training, and then in 8 bits ({commands}). [More](docs/prune.md#what-it-loses-and-saves).",
        ("network", "metric", "times as fast", "lost", "8 bits: times as fast", "lost"),
        [
            (f"`{row['network']}`", "top-1" if "top1" in row else "VOC07 mAP", speed_cells(row)[0],
             f"{row['drop']:.2f}", f"{row['int8']['speedup']:.2f}", f"{row['int8']['drop']:.2f}")
            for row in found
            if row["asked"] == asked
        ],
    )  # fmt: skip


def pruned() -> str:
    """Format what pruning loses and saves as Markdown."""
    tables = (cifar_table(), methods_table(), detectors_table(), resnet50_table())
    return "\n\n".join("\n".join(lines) for lines in tables)


def cifar_table() -> list[str]:
    """Give a line for each trained classifier and speed asked for."""
    found = by_goal(read("pruning_cifar")["rows"])
    return titled(
        "Top-1 of GluonCV's CIFAR-10 networks, in points of the whole network's: 1,000 unlabelled pictures "
        "to fit on, 1,000 others to measure on, no training "
        f"(`{PRUNING_COMMANDS['cifar']}`; {where('pruning_cifar')}).",
        ("network", "asked", "times as fast", "work", *LOST),
        [
            (f"`{network}`", f"{asked}x", *speed_cells(methods[OURS]), *loss_cells(methods[OURS]))
            for (network, asked), methods in found.items()
        ],
    )


def methods_table() -> list[str]:
    """Give what other orders and fits lose at the same widths."""
    found = by_goal(read("pruning_cifar")["rows"])
    methods = list(dict.fromkeys(method for row in found.values() for method in row))
    return titled(
        "What is lost at the same widths by other orders of the channels and other ways to go on: nothing, "
        "BatchNorm's statistics estimated anew, least squares; the default also fits the last layer to "
        "probabilities; trained for a short time after that (`--distill`).",
        ("network", "asked", *(method.replace("_", " ") for method in methods)),
        [
            (f"`{network}`", f"{asked}x",
             *(f"{row[method]['drop']:.2f}" if method in row else "" for method in methods))
            for (network, asked), row in found.items()
        ],
    )  # fmt: skip


def by_goal(rows: list[dict[str, Any]]) -> dict[tuple[str, float], dict[str, dict[str, Any]]]:
    """Gather rows by network and speed asked for, then by method."""
    found: dict[tuple[str, float], dict[str, dict[str, Any]]] = {}
    for row in rows:
        methods = found.setdefault((row["network"], row["asked"]), {})
        methods[f"{row['order']}, {row['fit']}"] = row
    return found


def detectors_table() -> list[str]:
    """Give a line for each trained detector."""
    return titled(
        "VOC07 mAP in percent of blood-cell detectors, 1.3x asked "
        f"(`{PRUNING_COMMANDS['detectors']}`; {where('pruning_detectors')}).",
        ("network", "times as fast", "work", "mAP before", "after", *LOST),
        [
            (f"`{row['network']}`", *speed_cells(row),
             f"{row['map_before']:.2f}", f"{row['map_after']:.2f}", *loss_cells(row))
            for row in read("pruning_detectors")["rows"]
        ],
    )  # fmt: skip


def resnet50_table() -> list[str]:
    """Give what a network of ResNet-50's size takes to prune."""
    measured = ("work", "FP32 over FP32", "8 bits over 8 bits", "minutes", "memory")
    return titled(
        "What a network of ResNet-50's size takes, to be faster in FP32 or in 8 bits; its weights are random "
        f"(`{PRUNING_COMMANDS['resnet50']}`; {where('pruning_resnet50')}).",
        ("network", "pictures", "asked", *measured),
        [
            (row["network"], f"{row['pictures']}", f"{row['asked']}x", f"{row['macs']:.0%}",
             f"{row['speedup']:.2f}", f"{row['int8_over_int8']:.2f}", f"{row['minutes']:.1f}",
             f"{row['gigabytes']:.1f} GB")
            for row in read("pruning_resnet50")["rows"]
        ],
    )  # fmt: skip


def speed_cells(row: dict[str, Any]) -> tuple[str, str]:
    """Say how many times as fast a pruned network is, and with how much of the work."""
    return f"{row['speedup']:.2f}", f"{row['macs']:.0%}"


def loss_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """Say what a pruned network has lost, and its 8-bit form (``LOST``)."""
    eight = row["int8"]
    float_cells = f"{row['drop']:.2f}", f"{row['goal']:g}", reached(row)
    return (*float_cells, f"{eight['more']:.2f}", f"{eight['speedup']:.2f}")


def reached(row: dict[str, Any]) -> str:
    """Say whether a row's goal is reached, at the speed asked for."""
    if row["speedup"] < ALMOST * row["asked"]:
        return "**no**, too slow"
    return "yes" if row["drop"] <= row["goal"] else "**no**"


PAGES: dict[Path, Callable[[], str]] = {
    ROOT / "README.md": readme,
    ROOT / "docs" / "int8.md": missed,
    ROOT / "docs" / "prune.md": pruned,
}


def replace_figures(text: str, figures: str) -> str:
    """Return a page with the figures of today's results."""
    before, _, rest = text.partition(BEGIN)
    return "\n".join([before + BEGIN, "", figures, "", END]) + rest.partition(END)[2]


def main() -> None:
    for page, format_figures in PAGES.items():
        old = page.read_text()
        new = replace_figures(old, format_figures())
        if "--check" not in sys.argv:
            page.write_text(new)
        elif old != new:
            sys.exit(f"{page.name}: the figures are not those of benchmarks/results")


if __name__ == "__main__":
    main()
