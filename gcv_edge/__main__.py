"""The command ``gcv-edge``, also ``python -m gcv_edge``."""

from __future__ import annotations

import signal


def run() -> None:
    """Run the command line; an interrupt while it is still being imported ends it without a traceback."""
    handler = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from gcv_edge.cli import main

    signal.signal(signal.SIGINT, handler)
    main()


if __name__ == "__main__":
    run()
