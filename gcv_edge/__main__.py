"""The command ``gcv-edge``, also ``python -m gcv_edge``."""

from __future__ import annotations

import os
import signal
import sys

STREAMS = ("stdin", "stdout", "stderr")


def run() -> None:
    """Run the command line; an interrupt before it starts or after it is over prints no traceback."""
    replace_closed_streams()
    handler = signal.getsignal(signal.SIGINT) or signal.SIG_DFL
    quiet = signal.SIG_IGN if handler is signal.SIG_IGN else signal.SIG_DFL
    signal.signal(signal.SIGINT, quiet)
    from gcv_edge.cli import main

    try:
        signal.signal(signal.SIGINT, handler)
        main()
    finally:
        signal.signal(signal.SIGINT, quiet)


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
