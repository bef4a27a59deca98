"""Fixtures shared by all tests."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

NUMBERS = itertools.count()
ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # for `tests.…`; at the end, so that an installed gcv_edge is the one tested
os.environ.setdefault("OMP_NUM_THREADS", "1")  # beside other tests, MXNet's threads wait for each other


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for MXNet, so that ``-m mxnet`` runs all of it and nothing else."""
    for item in items:
        if {"mxnet", "gluoncv"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.mxnet)


@pytest.fixture(scope="session", autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every test away from the user's model store, and the processes it starts from this checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GCV_EDGE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.chdir(tmp_path_factory.mktemp("work"))
        yield


@pytest.fixture(autouse=True)
def own_store(private_home: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a model store of its own, in which no other test's file goes by the same name."""
    home = Path(os.environ["GCV_EDGE_HOME"])
    monkeypatch.setenv("GCV_EDGE_HOME", str(home / f"test{next(NUMBERS)}"))


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Folder of real trained weights and labelled pictures; the test is skipped where it is absent."""
    folder = Path(os.environ.get("GCV_EDGE_TESTDATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real weights and pictures are not here: set GCV_EDGE_TESTDATA to their folder")
    return folder


@pytest.fixture(scope="session")
def mxnet() -> ModuleType:
    """The mxnet module; the test is skipped where the extra [mxnet] is not installed."""
    if importlib.util.find_spec("mxnet") is None:
        pytest.skip("the extra [mxnet] is not installed")
    from gcv_edge.exporters.mxnet.compat import import_mxnet

    return import_mxnet()


@pytest.fixture(scope="session")
def gluoncv(mxnet: ModuleType) -> ModuleType:
    """The gluoncv module; the test is skipped where the extra [mxnet] is not installed."""
    from gcv_edge.exporters.mxnet.compat import import_gluoncv

    return import_gluoncv()
