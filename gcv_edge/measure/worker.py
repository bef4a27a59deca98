"""One job in a process of its own, which ``workers.Worker`` starts.

The first line on standard input is the service and its job; every further line is a command, answered by one
line on standard output. Between commands the process waits, so that whoever holds the pipe decides who
computes. What libraries print goes to standard error.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from gcv_edge.errors import MissingExtraError, UnsupportedError
from gcv_edge.measure.processes import claim_output


class Service(Protocol):
    """What a worker does."""

    def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Do what a command says; return what JSON can spell."""


def answer(service: Service, message: Mapping[str, Any]) -> dict[str, Any]:
    """Do what a command says; what goes wrong is an answer too."""
    arguments = dict(message)
    try:
        return service.answer(arguments.pop("do"), **arguments)
    except (UnsupportedError, MissingExtraError) as error:
        return {"error": str(error), "kind": "unsupported"}
    except MemoryError:
        return {"error": "there is not enough memory", "kind": "failed"}
    except Exception as error:  # engines raise what they like
        return {"error": f"{' '.join(str(error).split())}" or type(error).__name__, "kind": "failed"}


def make_service(name: str, job: Mapping[str, Any]) -> Service:
    """Import a class by its name, ``package.module:Class``, and give it the job."""
    module, _, kind = name.partition(":")
    service: Service = getattr(importlib.import_module(module), kind)(job)
    return service


def main() -> None:
    """Answer until nobody asks any more."""
    answers = claim_output()
    with contextlib.suppress(BrokenPipeError):
        first = json.loads(sys.stdin.readline())
        service = make_service(first["service"], first["job"])
        for line in sys.stdin:
            answers.write(json.dumps(answer(service, json.loads(line))) + "\n")
            answers.flush()
