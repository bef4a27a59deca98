"""The command ``gcv-edge``.

Each module beside ``root`` holds one command, or what several share; a command's module is imported when
that command is asked for, and what it works with when it starts to work.
"""

from gcv_edge.cli.root import main

__all__ = ["main"]
