"""Verification in a process of its own: a file of unknown origin may end the process that opens it."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gcv_edge.cli.guard import OneLineError, translate
from gcv_edge.measure.processes import claim_output, kill_group, python_command, python_environment

TIME_LIMIT = 600.0
"""Seconds that a verification may take."""


def verify_apart(
    path: Path, against: str | None, params: str | None, time_limit: float, is_debugging: bool
) -> dict[str, Any]:
    """Check a file as ``verify_model`` does.

    Args:
        path: the file.
        against, params: its source, where that is asked for.
        time_limit: seconds that it may take.
        is_debugging: whether the other process shows where an error was.

    Returns:
        ``verification``, as of ``Verification.to_dict``, and ``failure``: what differs; empty for nothing.

    Raises:
        OneLineError: the check failed, or its process ended by a signal or at a limit.
    """
    job = {"path": str(path), "against": against, "params": params, "is_debugging": is_debugging}
    messages, end = ask(job, time_limit)
    last = messages[-1] if messages else {}
    if "error" in last:
        raise OneLineError(last["error"], last["exit_code"])
    if "verification" not in last:
        raise OneLineError(f"{path}: {last.get('stage', 'its process')} {end}", 1)
    return last


def ask(job: dict[str, Any], time_limit: float) -> tuple[list[dict[str, Any]], str]:
    """Start a process, give it a job and wait.

    Returns:
        what it said, and how it ended.
    """
    process = subprocess.Popen(
        python_command(__name__),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=python_environment(),
        start_new_session=True,  # the keyboard's interrupt is the parent's to handle
        text=True,
        encoding="utf-8",
    )
    end = ""
    try:
        output, _ = process.communicate(json.dumps(job), timeout=time_limit)
    except subprocess.TimeoutExpired:
        kill_group(process)
        output, _ = process.communicate()
        end = f"took more than {time_limit:g} s and was ended (--time-limit)"
    finally:
        kill_group(process)
    whole_lines = output.split("\n")[:-1]
    return [json.loads(line) for line in whole_lines], end or describe_end(process.wait())


def describe_end(code: int) -> str:
    """Say how a process ended that gave no answer."""
    if code >= 0:
        return f"ended with exit code {code}"
    if -code == signal.SIGKILL:
        return "was ended by SIGKILL, as the system does where memory runs out"
    return f"crashed with {signal.Signals(-code).name}: the file is damaged, or made to do so"


def main() -> None:
    """Do the job on standard input; answer on standard output, a line of JSON for each step."""
    limit_process()
    job = json.loads(sys.stdin.readline())
    answers = claim_output()

    def tell(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        tell(check(job, lambda stage: tell({"stage": stage})))
    except Exception as error:
        if job["is_debugging"]:
            traceback.print_exc()
        line = translate(error)
        tell({"error": line.message, "exit_code": line.exit_code})


def check(job: dict[str, Any], begin: Callable[[str], None]) -> dict[str, Any]:
    """Verify the file of a job."""
    from gcv_edge.verify import verify_model

    found = verify_model(job["path"], against=job["against"], params=job["params"], progress=begin)
    failure = "" if found.passed else found.worst.describe(found.reference)
    return {"verification": found.to_dict(), "failure": failure}


def limit_process() -> None:
    """Grant no more memory than the machine has, and write no core files."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    resource.setrlimit(resource.RLIMIT_DATA, (memory, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
