"""Networks of one thread each, a process per CPU: as gcv-edge opens them, and pinned as OpenVINO does alone.

OpenVINO pins the threads of every network to the first CPUs that it may use, so that networks of fewer
threads than there are CPUs share them and leave the others idle. Both kinds run by turns.
Run: python -m benchmarks.side_by_side MODEL.onnx [--rounds 5] [--seconds 4]
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.children import Child, spell
from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.cpus import usable_cpus
from gcv_edge.runtime.openvino_session import build_config, shared_core
from gcv_edge.runtime.sessions import SessionOptions

KINDS: Mapping[str, Mapping[str, str]] = {"pinned": {"ENABLE_CPU_PINNING": "YES"}, "gcv-edge": {}}
READY = 6.0
"""Seconds in which every process has its network open."""


def infer(model: str, settings: Mapping[str, str], begin: float, seconds: float) -> Record:
    """Infer from a moment on; return inferences per second, and the CPUs that were used."""
    config = {**build_config(SessionOptions(threads=1)), **settings}
    request = shared_core().compile_model(model, "CPU", config).create_infer_request()
    request.infer()
    late = time.time() - begin
    if late > 0:
        raise TimeoutError(f"the network was open {late:.1f} s late")
    time.sleep(-late)
    started, used, count = time.perf_counter(), time.process_time(), 0
    while (passed := time.perf_counter() - started) < seconds:
        request.infer()
        count += 1
    return {"per_second": count / passed, "cpus": (time.process_time() - used) / passed}


def run_together(model: Path, settings: Mapping[str, str], seconds: float) -> Record:
    """Run as many processes as there are CPUs; return inferences per second of all, and CPUs of each."""
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(usable_cpus())]
        call = [str(model.resolve()), dict(settings), time.time() + READY, seconds]
        children = [Child(spell(infer), call, folder) for folder in folders]
        for child in children:
            stack.callback(child.end)
        found = [child.result(READY + 10 * seconds) for child in children]
    return {
        "per_second": sum(one["per_second"] for one in found),
        "cpus_of_each": sum(one["cpus"] for one in found) / len(found),
    }


def summarize(rounds: Sequence[Mapping[str, Record]]) -> Record:
    """Medians of each kind, and the ratio within each round."""
    measured = {kind: [one[kind] for one in rounds] for kind in KINDS}
    rows = {
        kind: {key: round(median(one[key] for one in found), 2) for key in ("per_second", "cpus_of_each")}
        for kind, found in measured.items()
    }
    rates = [[one["per_second"] for one in measured[kind]] for kind in ("gcv-edge", "pinned")]
    return {**rows, "ratios": [round(ours / pinned, 2) for ours, pinned in zip(*rates, strict=True)]}


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    if usable_cpus() < 2:
        parser.error("found one CPU, expected two or more")
    model, seconds = arguments.model, arguments.seconds
    rounds = [
        {kind: run_together(model, settings, seconds) for kind, settings in KINDS.items()}
        for _ in range(arguments.rounds)
    ]
    row = summarize(rounds)
    for kind in KINDS:
        print(
            f"{kind:9} {row[kind]['per_second']:7.1f} inferences per second in {usable_cpus()} processes, "
            f"{row[kind]['cpus_of_each']:.2f} CPUs each"
        )
    print(f"gcv-edge over pinned: {median(row['ratios']):.2f} ({min(row['ratios'])} to {max(row['ratios'])})")
    write_results("side_by_side", {model.stem: row}, processes=usable_cpus())


if __name__ == "__main__":
    main()
