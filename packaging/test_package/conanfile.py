"""Build a program against the package, and run it."""

from __future__ import annotations

from pathlib import Path

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout

MODEL = Path(__file__).resolve().parents[2] / "tests" / "data" / "networks" / "detection.onnx"


class GcvEdgeTest(ConanFile):
    """A consumer as users write them."""

    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self) -> None:
        """Take the package that was just made."""
        self.requires(self.tested_reference_str)

    def layout(self) -> None:
        """Build in a folder for each set of settings."""
        cmake_layout(self)

    def build(self) -> None:
        """Build the program."""
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self) -> None:
        """Look at a red picture with the network that the tests ship."""
        if can_run(self):
            program = Path(self.build_folder) / self.cpp.build.bindir / "consumer"
            self.run(f'"{program}" "{MODEL}"', env="conanrun")
