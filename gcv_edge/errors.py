"""Every error this package raises on purpose.

GcvEdgeError
├── MissingExtraError      an optional dependency is not installed
├── ModelFileError         a file is unreadable, damaged or not what it should be
│   └── MetadataError      the file lacks (or contradicts) what a runtime needs to know
├── ModelNotFoundError     no such file, zoo name or entry of the model store
├── DataError              a picture, video or data set cannot be read
│   ├── TruncatedError     a video or a camera ended before its time
│   └── UnreadableError    some of several pictures and videos could not be read; the others were
├── UnsupportedError       an operator, attribute value or task that is not supported
├── ParamsMismatchError    parameters do not fit the network
├── ForkError              an engine is used in a process that was forked after it had started
├── VerificationError      the exported network's numbers differ from the source's
├── SlowerError            a pruned network is slower than the whole one
├── AccuracyError          an 8-bit network lost more than it may (exit code 3)
└── UsageError             arguments that contradict each other (exit code 2)

The text of each is one line that names what, where, found and expected. Wrong argument types and shapes
in calls to the runtime are plain ``TypeError`` and ``ValueError``.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

CONTROL = re.compile(r"[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029]")
"""What names in a file may hold and a line may not: it is spelt out."""

LAST_OF_MXNET = (3, 12)
"""Last Python for which MXNet was released, as the extra [mxnet] has it."""


class GcvEdgeError(Exception):
    """Root of all errors of this package; ``exit_code`` is what the command line returns.

    Examples:
        >>> try:
        ...     Detector("missing.onnx")
        ... except GcvEdgeError as error:
        ...     print(str(error).splitlines()[0].startswith("missing.onnx"))
        True
    """

    exit_code = 1

    def __str__(self) -> str:
        return CONTROL.sub(lambda found: ascii(found[0])[1:-1], super().__str__())


class MissingExtraError(GcvEdgeError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra [{extra}]: {cure_missing(extra)}")
        self.extra = extra


def cure_missing(extra: str) -> str:
    """Say how an extra is had; MXNet has no release for the latest Pythons."""
    running = sys.version_info[:2]
    if extra == "mxnet" and running > LAST_OF_MXNET:
        last, found = (".".join(map(str, version)) for version in (LAST_OF_MXNET, running))
        return (
            f"MXNet needs Python {last} or older, found {found}: export NAME-symbol.json with its .params "
            "here, or use that Python"
        )
    return f"pip install 'gcv-edge[{extra}]'"


class ForkError(GcvEdgeError):
    """An engine is used in a process that was forked after it had started: its threads stayed behind."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} before this process was forked, and its threads stayed behind: start processes by "
            "'spawn' or 'forkserver' (multiprocessing.get_context), or fork before the first file is opened"
        )


class ModelFileError(GcvEdgeError):
    """A model file is unreadable, damaged or of another kind."""

    def __init__(self, path: str | os.PathLike[str], problem: str) -> None:
        super().__init__(f"{os.fspath(path)}: {problem}")
        self.path = os.fspath(path)


class MetadataError(ModelFileError):
    """A model file lacks a metadata key that the runtime needs, or a key's value makes no sense."""


class ModelNotFoundError(GcvEdgeError):
    """No file, zoo name or stored model answers to a name."""


class DataError(GcvEdgeError):
    """A picture, video or data set cannot be read."""


class TruncatedError(DataError):
    """A video or a camera ended before its time; its frames until then were given."""


class UnreadableError(DataError):
    """Some of several pictures and videos could not be read; it comes when all others were given.

    Attributes:
        problems: what was wrong with each, a line that begins with its name.
        total: pictures and videos in all.
    """

    def __init__(self, problems: Sequence[str], total: int) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{len(problems)} of {total} could not be read: {problems[0]}{more}")
        self.problems = tuple(problems)
        self.total = total


class UnsupportedError(GcvEdgeError):
    """An operator, an attribute's value or a task that this package does not support."""


class ParamsMismatchError(GcvEdgeError):
    """Parameters and network do not belong together."""


class VerificationError(GcvEdgeError):
    """The exported network does not compute what the source computes."""


class SlowerError(GcvEdgeError):
    """A pruned network takes longer than the whole one; nothing was written."""


class AccuracyError(GcvEdgeError):
    """A network lost more accuracy than was allowed; its file is kept under a name that says so."""

    exit_code = 3


class UsageError(GcvEdgeError):
    """Arguments that are each valid but do not go together."""

    exit_code = 2
