"""The Conan recipe and the vcpkg port agree with CMake. ``.ci/conan`` and ``.ci/vcpkg`` try them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gcv_edge import _core
from tests.support.cpp_builds import build, find_tool, run

ROOT = Path(__file__).resolve().parents[2]
PORT = ROOT / "packaging" / "vcpkg" / "ports" / "gcv-edge"
MANIFEST = json.loads((PORT / "vcpkg.json").read_text())
PORTFILE = (PORT / "portfile.cmake").read_text()
RECIPE = (ROOT / "conanfile.py").read_text()


def test_the_port_has_the_version_of_the_library() -> None:
    assert MANIFEST["version-semver"] == _core.version()


def test_the_port_is_named_after_its_folder_and_says_its_licence() -> None:
    """vcpkg refuses other names, and asks for these fields."""
    assert MANIFEST["name"] == PORT.name
    assert MANIFEST["description"]
    assert MANIFEST["license"] == "Apache-2.0"


def test_the_portfile_reads_the_features_of_the_manifest() -> None:
    (pairs,) = re.findall(r"FEATURES ([^)]+)\)", PORTFILE)
    features, options = pairs.split()[::2], pairs.split()[1::2]
    assert features == list(MANIFEST["features"]) == MANIFEST["default-features"]
    lists = (ROOT / "CMakeLists.txt").read_text()
    assert all(f"option({option} " in lists for option in options)


def test_functions_of_vcpkg_come_from_the_ports_that_have_them() -> None:
    hosts = {entry["name"] for entry in MANIFEST["dependencies"] if entry["host"]}
    assert hosts == {"vcpkg-cmake", "vcpkg-cmake-config"}


@pytest.mark.parametrize("option", re.findall(r'cache_variables\["(\w+)"\]', RECIPE))
def test_the_recipe_sets_options_of_cmake(option: str) -> None:
    assert f"option({option} " in (ROOT / "CMakeLists.txt").read_text()


def test_consumers_are_told_targets_that_are_installed(tmp_path: Path) -> None:
    run(find_tool("cmake"), "--install", build("plain"), "--prefix", tmp_path)
    installed = "".join(file.read_text() for file in tmp_path.rglob("gcv_edge_*_targets.cmake"))
    told = (PORT / "usage", ROOT / "packaging" / "test_package" / "CMakeLists.txt")
    named = {target for file in told for target in re.findall(r"gcv_edge::\w+", file.read_text())}
    assert named >= {"gcv_edge::gcv_edge", "gcv_edge::core"}
    assert all(f"add_library({target} " in installed for target in named - {"gcv_edge::onnxruntime"})
    (config,) = (file.parent.relative_to(tmp_path) for file in tmp_path.rglob("gcv_edgeConfig.cmake"))
    assert f"CONFIG_PATH {config})" in PORTFILE
    assert f'builddirs = ["{config}"]' in RECIPE
