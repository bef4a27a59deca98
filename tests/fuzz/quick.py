"""The corpus and a few inputs of each target in one process, as the test suite runs them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.judging import ACCEPTED, REFUSED, judge
from tests.fuzz.registry import all_targets
from tests.fuzz.target import Target

CORPUS = Path(__file__).with_name("corpus")
"""What was found: a folder for each target."""
SEED = 1


def inputs_of(target: Target, first: int, last: int) -> Iterator[tuple[str, bytes]]:
    """Give what was found of a target before, and some new inputs, each with its name."""
    for path in sorted((CORPUS / target.name).glob("*")):
        yield path.name, path.read_bytes()
    for index in range(first, last):
        yield str(index), target.input(SEED, index)


def main() -> None:
    """Try the inputs whose numbers the command line names; print what is wrong, and on stderr each before."""
    for target in all_targets().values():
        with tempfile.TemporaryDirectory() as folder:
            for name, data in inputs_of(target, *map(int, sys.argv[1:])):
                print(target.name, name, file=sys.stderr, flush=True)
                outcome = judge(target, data, Path(folder))
                if outcome not in (ACCEPTED, REFUSED):
                    print(f"{target.name} {name}: {outcome}")


if __name__ == "__main__":
    main()
