"""The golden vectors that ctest runs: the file is what its script writes from the oracle."""

from __future__ import annotations

from pathlib import Path

from tests.data.core.make_vectors import HERE, main


def test_the_vectors_are_those_of_the_oracle(tmp_path: Path) -> None:
    main(tmp_path)
    assert (tmp_path / "vectors.txt").read_text() == (HERE / "vectors.txt").read_text()
