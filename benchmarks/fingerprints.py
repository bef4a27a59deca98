"""Hash what the product makes: a change that should change nothing is held against the state before it.

    python -m benchmarks.fingerprints before.json                       the state of now
    python -m benchmarks.fingerprints after.json --against before.json  exit code 1 where anything differs
    python -m benchmarks.fingerprints quick.json --only networks,demo   a part of it

It exports the names that cover every kind of operator in GluonCV's zoo (random, seeded weights), calibrates
and prunes trained networks, and runs every task on fixed frames, in Python and, with --cpp FOLDER (built
examples), in C++. All of it goes through the command line. Hashes are of one machine: engines round
differently on another. Needs the extra [mxnet] for names of the zoo.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import onnx

from benchmarks import ROOT
from benchmarks.zoo.child import CUSTOM_CLASSES
from benchmarks.zoo.cover import read_cover
from gcv_edge.cli.signals import ending_tidily

DEMO = ROOT / "gcv_edge" / "demo"
NETWORKS = ROOT / "tests" / "data" / "networks"
TARGETS = ("x86", "arm", "portable")
SHARES = ("0.8", "0.6")
"""Parts of the multiply-accumulates that are kept when pruning."""

SCORED = ("detection", "instance_segmentation", "pose")
"""Tasks of which results with low scores are left out unless they are asked for."""

CHANGING = ("version", "verification", "self_test", "source_hash", "calibration", "pruning")
"""Metadata that holds times, dates, versions or hashes: their ends."""

CIRCUMSTANCES = ("name", "speed")
"""Keys of a frame's results that differ from run to run, or from folder to folder."""

Hashes = dict[str, str]


@ending_tidily()
def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="file for the hashes")
    parser.add_argument("--against", type=Path, help="hashes of before")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--cpp", type=Path, help="folder with the built examples of the C++ library")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"--only: found {unknown[0]}, expected some of {', '.join(PARTS)}")
    if options.against is not None and not options.against.is_file():
        parser.error(f"--against: {options.against}: no such file")
    found: Hashes = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in parts:
            for key, value in PARTS[part](folder):
                found[f"{part}: {key}"] = value
                print(f"{value[:12]}  {part}: {key}", flush=True)
        if options.cpp is not None:
            found |= {f"cpp: {key}": value for key, value in cpp_results(options.cpp, folder)}
    options.output.write_text(json.dumps(found, indent=1) + "\n")
    return compare(json.loads(options.against.read_text()), found) if options.against else 0


def compare(before: Hashes, after: Hashes) -> int:
    """Print what differs; return the exit code."""
    differing = [key for key in after if before.get(key) != after[key]]
    for key in differing:
        print(f"{key}: {'differs' if key in before else 'was not there'}")
    print(f"{len(after) - len(differing)} of {len(after)} as before")
    return int(bool(differing))


def run(*arguments: object) -> str:
    """Run the command line; return what it prints."""
    command = [sys.executable, "-m", "gcv_edge", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def digest(data: bytes | str) -> str:
    """SHA-256 of bytes or text."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def hash_file(path: Path) -> str:
    """Hash a network and what the file says of itself, but for what changes from run to run."""
    model = onnx.load(path)
    kept = {entry.key: entry.value for entry in model.metadata_props if not entry.key.endswith(CHANGING)}
    graph = model.graph.SerializeToString(deterministic=True)
    return digest(graph + json.dumps(kept, sort_keys=True).encode())


def zoo_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Export the names of the covering subset."""
    path = folder / "zoo.onnx"
    for name in read_cover().names:
        classes = ("--classes", ",".join(CUSTOM_CLASSES)) if "custom" in name else ()
        for part in (("--part", 1), ("--part", 2)) if name.startswith("siamrpn_") else ((),):
            run("export", name, "--random-weights", 0, "--no-verify", "-o", path, *classes, *part)
            yield " ".join(map(str, (name, *part))), hash_file(path)


def export_demo(folder: Path) -> Path:
    """Export the trained detector that is shipped."""
    path = folder / "demo.onnx"
    shape = ",".join(map(str, json.loads((DEMO / "demo.json").read_text())["input_shape"]))
    classes = DEMO / "classes.txt"
    run(
        "export", DEMO / "traffic_signs-symbol.json", "--input-shape", shape, "--classes", classes, "-o", path
    )
    return path


def demo_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Export and calibrate the detector that is shipped; its own pictures are too few to prune with."""
    whole = export_demo(folder)
    yield "export", hash_file(whole)
    yield from calibrated(whole, DEMO)


def trained_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Export, calibrate and prune trained classifiers, of the real data that tests use."""
    data = Path(os.environ.get("GCV_EDGE_TESTDATA", ROOT.parent / "shared" / "data"))
    pictures = data / "cifar10_test_jpeg_2000"
    for name in ("cifar_resnet20_v1", "cifar_resnet20_v2"):
        whole = folder / f"{name}.onnx"
        run("export", data / "gluoncv_cifar" / f"{name}-symbol.json", "-o", whole)
        yield f"{name} export", hash_file(whole)
        for made in (calibrated(whole, pictures), pruned(whole, pictures)):
            yield from ((f"{name} {key}", value) for key, value in made)


def calibrated(whole: Path, pictures: Path) -> Iterator[tuple[str, str]]:
    """Hash the 8-bit files of a network."""
    made = whole.with_name("made.onnx")
    for target in TARGETS:
        run("calibrate", whole, "--data", pictures, "--target", target, "-o", made)
        yield f"calibrate {target}", hash_file(made)


def pruned(whole: Path, pictures: Path) -> Iterator[tuple[str, str]]:
    """Hash the narrower files of a network."""
    made = whole.with_name("made.onnx")
    for share in SHARES:
        run("prune", whole, "--data", pictures, "--macs", share, "-o", made)
        yield f"prune {share}", hash_file(made)


def task_results(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a network of every task on fixed frames."""
    pictures = sorted(DEMO.glob("*.jpg"))
    for network in [*sorted(NETWORKS.glob("*.onnx")), export_demo(folder)]:
        if network.stem == "tensors":
            continue
        inputs = [DEMO] if network.stem == "clip" else pictures
        task = json.loads(run("info", network, "--json"))["task"]
        all_scores = ["--threshold", 0] if task in SCORED else []
        yield (
            network.stem,
            digest(drop_circumstances(run("predict", network, *inputs, "--json", *all_scores))),
        )


def drop_circumstances(lines: str) -> str:
    """Leave out where each frame lies and how long it took."""
    results: list[dict[str, Any]] = [json.loads(line) for line in lines.splitlines()]
    kept = [{key: value for key, value in row.items() if key not in CIRCUMSTANCES} for row in results]
    return json.dumps(kept)


def cpp_results(built: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """Run the C++ examples on the same frames, in a format that they read without OpenCV."""
    pictures = [folder / f"{path.stem}.ppm" for path in sorted(DEMO.glob("*.jpg"))]
    for path in pictures:
        cv2.imwrite(str(path), cv2.imread(str(DEMO / f"{path.stem}.jpg")))
    for example, network in (("detect", export_demo(folder)), ("classify", NETWORKS / "classification.onnx")):
        command = list(map(str, (built / example, network, *pictures)))
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        yield example, digest(drop_circumstances(done.stdout))


PARTS: dict[str, Callable[[Path], Iterator[tuple[str, str]]]] = {
    "networks": task_results,
    "demo": demo_files,
    "trained": trained_files,
    "zoo": zoo_files,
}

if __name__ == "__main__":
    sys.exit(main())
