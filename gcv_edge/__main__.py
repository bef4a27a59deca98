"""The command ``gcv-edge``, also ``python -m gcv_edge``."""

from __future__ import annotations

import os
import signal
import sys

STREAMS = ("stdin", "stdout", "stderr")


def run() -> None:
    """Run the command line; an interrupt while it is still being imported ends it without a traceback."""
    replace_closed_streams()
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gcv_edge.cli import main

    signal.signal(signal.SIGINT, handler)
    main()


def replace_closed_streams() -> None:
    """Let closed streams (``>&-``) lead nowhere; else the next file that is opened would get their number."""
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


if __name__ == "__main__":
    run()
