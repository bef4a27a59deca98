"""Build: the C++ core becomes ``gcv_edge._core``, ``exporters/`` and ``runtime/`` subpackages of gcv_edge."""

from pathlib import Path

from scikit_build_core.setuptools.wrapper import setup

ROOT = Path(__file__).resolve().parent
TREES = {"gcv_edge": "gcv_edge", "gcv_edge.exporters": "exporters", "gcv_edge.runtime": "runtime"}


def find_packages() -> dict[str, str]:
    """Every package with its folder. The links in ``gcv_edge/`` are not followed: each tree counts once."""
    found = {}
    for name, folder in TREES.items():
        for init in sorted((ROOT / folder).rglob("__init__.py")):
            parts = init.parent.relative_to(ROOT / folder).parts
            found[".".join((name, *parts))] = "/".join((folder, *parts))
    return found


def is_inside_link(folder: str) -> bool:
    """Tell whether a folder is reached through one of the links in ``gcv_edge/``."""
    return folder.startswith(("gcv_edge/exporters", "gcv_edge/runtime"))


PACKAGES = {name: folder for name, folder in find_packages().items() if not is_inside_link(folder)}

setup(
    cmake_source_dir=".",
    packages=list(PACKAGES),
    package_dir=PACKAGES,
    package_data={
        "gcv_edge": ["py.typed", "_core.pyi", "*.json", "demo/*"],
        "gcv_edge.benchmarking": ["report.*"],
        "gcv_edge.exporters.mxnet": ["class_names.json"],
        "gcv_edge.optimize.calibration_page": ["report.*"],
        "gcv_edge.optimize.forms_page": ["report.*"],
        "gcv_edge.prune": ["report.*"],
        "gcv_edge.reporting": ["common.*"],
        "gcv_edge.zoo_page": ["report.*"],
    },
)
