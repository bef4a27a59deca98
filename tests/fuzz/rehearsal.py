"""A reader that does whatever no reader may, one after the other, so that the fuzzer itself is tried."""

from __future__ import annotations

import os
import time
from pathlib import Path

from gcv_edge.errors import GcvEdgeError
from tests.fuzz.target import Target

DEEDS = (b"accepts", b"refuses", b"raises", b"dies", b"grows", b"swallows", b"hangs", b"accepts")


class Rehearsal(Target):
    """Whose inputs are the deeds, in order."""

    def input(self, seed: int, index: int) -> bytes:
        """Name a deed."""
        return DEEDS[index]


def misbehave(data: bytes, folder: Path) -> None:
    """Do what the input says."""
    if data == b"refuses":
        raise GcvEdgeError("no")
    if data == b"raises":
        raise KeyError("raw")
    if data == b"dies":
        os.abort()
    if data == b"grows":
        bytearray(4 << 30)
    if data == b"swallows":
        bytearray(9 << 27)
    while data == b"hangs":
        time.process_time()


REHEARSAL = Rehearsal("rehearsal", lambda dice: b"", misbehave, ())
