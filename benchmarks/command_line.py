"""How benchmarks are called, and how results say so."""

from __future__ import annotations

import argparse
import sys


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the command line of what runs."""
    return argparse.ArgumentParser(
        prog=f"python -m {module()}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def module() -> str:
    """Name what runs."""
    spec = sys.modules["__main__"].__spec__
    return spec.name.removesuffix(".__main__") if spec is not None else ""


def command() -> str:
    """Return the command line; where results go is not part of how they came about."""
    words, given = [], iter(sys.argv[1:])
    for word in given:
        if word == "--results":
            next(given, None)
        else:
            words.append(word)
    return " ".join(["python -m", module(), *words])


def split(text: str) -> list[str]:
    """Read names that are separated by commas."""
    return text.split(",")
