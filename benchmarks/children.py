"""Functions called in processes of their own: their memory goes with them, and a crash is a result too."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from gcv_edge.errors import GcvEdgeError

CALL, RESULT, LOG = "call.json", "result.json", "log"
LONGEST_REASON = 300


class ChildError(GcvEdgeError):
    """A call failed, its process ended, or it took too long; the message says how."""


class Child:
    """A process that calls one function; arguments and result are what JSON can spell.

    Args:
        function: ``package.module:name``.
        arguments: of the function.
        folder: for the call, its result and its log, and a model store of its own.
        environment: variables that are not this process's.
        processors: numbers of those that it may use; empty for this process's.
    """

    def __init__(
        self,
        function: str,
        arguments: Sequence[Any],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        processors: Sequence[int] = (),
    ) -> None:
        self._folder = folder
        call = {"function": function, "arguments": arguments}
        (folder / CALL).write_text(json.dumps(call, default=str))
        with (folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                on_processors(processors, [sys.executable, "-m", __name__, str(folder)]),
                cwd=ROOT,
                env={**os.environ, "GCV_EDGE_HOME": str(folder / "home"), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def result(self, timeout: float | None = None) -> Any:
        """Wait for what the function returns.

        Raises:
            ChildError: there is nothing after ``timeout`` seconds, the function raised, or its process ended.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ChildError(f"not done after {timeout:g} s") from None
        finally:
            self.end()
        try:
            answer = json.loads((self._folder / RESULT).read_text())
        except (OSError, ValueError):
            last = (self._folder / LOG).read_text(errors="replace").strip().splitlines()[-1:]
            raise ChildError(f"{describe_exit(code)}: {' '.join(last)[:LONGEST_REASON]}") from None
        if "error" in answer:
            raise ChildError(answer["error"])
        return answer["result"]

    def end(self) -> None:
        """End the process and what it started, if it still runs."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def call(
    function: Callable[..., Any],
    *arguments: Any,
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Call a function in a process of its own.

    Raises:
        ChildError: as ``Child.result``.
    """
    with tempfile.TemporaryDirectory(prefix="gcv-edge.") as folder:
        return Child(spell(function), arguments, Path(folder), environment).result(timeout)


def spell(function: Callable[..., Any]) -> str:
    """Name a function and its module, which may be the one that is run."""
    module = function.__module__
    if module == "__main__":
        module = sys.modules[module].__spec__.name  # type: ignore[union-attr]
    return f"{module}:{function.__qualname__}"


def on_processors(processors: Sequence[int], command: Sequence[str]) -> list[str]:
    """Spell a command that runs on some processors only."""
    tool = shutil.which("taskset")
    is_bound = processors and tool
    return [str(tool), "-c", ",".join(map(str, processors)), *command] if is_bound else list(command)


def describe_exit(code: int) -> str:
    """Say how a process ended that left no result."""
    return f"ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def one_line(error: BaseException) -> str:
    """Return an error's text on one line, with its kind where it is none of this package's."""
    text = " ".join(str(error).split())[:LONGEST_REASON]
    return text if isinstance(error, GcvEdgeError) else f"{type(error).__name__}: {text}"


def main() -> None:
    """Do the call that lies in a folder: python -m benchmarks.children FOLDER."""
    folder = Path(sys.argv[1])
    wanted = json.loads((folder / CALL).read_text())
    module, _, name = wanted["function"].partition(":")
    try:
        answer = {"result": getattr(importlib.import_module(module), name)(*wanted["arguments"])}
    except Exception as error:  # whatever goes wrong is the caller's to handle
        traceback.print_exc()
        answer = {"error": one_line(error)}
    (folder / RESULT).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
