"""An R-CNN for pictures of any size beside the same at one size: inferences in turn, and memory over shapes.

python -m benchmarks.own_sizes; needs the extra [mxnet].
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from benchmarks.timing import interleaved, print_table, summarize
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.measure.inputs import fill
from gcv_edge.measure.machine import resident_bytes
from gcv_edge.pipeline import export
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions

NAME = "faster_rcnn_fpn_resnet50_v1b_coco"
ENGINES = ("openvino", "onnxruntime")
SIZE = (1067, 800)
SMALL = (214, 160)
"""Of the last picture that memory is measured with; each is some pixels smaller than the one before."""


def export_both(name: str, folder: Path) -> dict[str, Path]:
    """Export a network for pictures of any size, and for one size."""
    shapes = {"open": None, "fixed": (1, 3, SIZE[1], SIZE[0])}
    return {
        kind: export(
            name,
            folder / f"{kind}.onnx",
            random_weights=1,
            verify=False,
            options=ExportOptions(input_shape=shape),
        ).path
        for kind, shape in shapes.items()
    }


def prepare(path: Path, engine: str, size: tuple[int, int]) -> Callable[[], object]:
    """Make a function that infers once on noise of a size."""
    session = open_session(path, SessionOptions(engine=engine))
    request = session.new_request()
    if session.has_own_sizes:
        request.resize(size)
    fill(request.inputs.values())
    return request.infer


def compare(files: dict[str, Path], engine: str, rounds: int) -> Record:
    """Time both files in turn."""
    seconds = interleaved({kind: prepare(path, engine, SIZE) for kind, path in files.items()}, rounds)
    print_table(f"{engine}, {SIZE[0]}x{SIZE[1]}", seconds, "fixed")
    return {"timings": summarize(seconds), "ratio": round(min(seconds["open"]) / min(seconds["fixed"]), 4)}


def remember(path: str, engine: str, shapes: int) -> list[int]:
    """Run on pictures of different shapes; return the bytes that the process holds after each."""
    session = open_session(Path(path), SessionOptions(engine=engine))
    request, held = session.new_request(), []
    for number in reversed(range(shapes)):
        request.resize((SMALL[0] + number, SMALL[1] + number % 7))
        fill(request.inputs.values())
        request.infer()
        held.append(resident_bytes() or 0)
    return held


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--shapes", type=int, default=120)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = export_both(arguments.name, Path(folder))
        rows: dict[str, Record] = {}
        for engine in ENGINES:
            rows[engine] = compare(files, engine, arguments.rounds)
            held = call(remember, str(files["open"]), engine, arguments.shapes)
            rows[engine]["bytes_after_shapes"] = {
                str(at): held[at - 1] for at in range(20, len(held) + 1, 20)
            }
            shown = ", ".join(
                f"{held[at - 1] / 1e6:.0f} MB after {at}" for at in range(20, len(held) + 1, 20)
            )
            print(f"{engine}: {shown} shapes", flush=True)
    write_results("own_sizes", rows, network=arguments.name)


if __name__ == "__main__":
    main()
