"""The C++ library as a Conan 2 package: ``conan create .`` in a checkout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class GcvEdge(ConanFile):
    """What CMake builds and installs. It finds the engine itself: Conan gets none."""

    name = "gcv-edge"
    description = "Runs vision networks exported from GluonCV on CPUs"
    license = "Apache-2.0"
    topics = ("computer-vision", "inference", "onnx", "openvino", "gluoncv")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    # Code is position-independent always: there is no fPIC to choose.
    options: ClassVar = {
        "shared": [True, False],
        "engine": ["openvino", "onnxruntime", "none"],
        "bundle_openvino": [True, False],
    }
    default_options: ClassVar = {"shared": True, "engine": "openvino", "bundle_openvino": False}
    exports_sources = "CMakeLists.txt", "pyproject.toml", "LICENSE", "cmake/*", "cpp/*"
    test_package_folder = "packaging/test_package"

    def set_version(self) -> None:
        """Take the version from pyproject.toml."""
        project = (Path(self.recipe_folder) / "pyproject.toml").read_text(encoding="utf-8")
        (self.version,) = re.findall(r'^version = "(.*)"', project, re.MULTILINE)

    def configure(self) -> None:
        """Drop the options that say nothing about an engine."""
        if self.options.engine != "openvino":
            del self.options.bundle_openvino
        if self.options.engine == "none":
            del self.options.shared
            self.package_type = "static-library"

    def validate(self) -> None:
        """Refuse what cannot be built."""
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration(f"os: found {self.settings.os}, expected Linux")
        if self.options.engine == "onnxruntime" and not self.options.shared:
            raise ConanInvalidConfiguration("engine=onnxruntime: found shared=False, expected shared=True")

    def layout(self) -> None:
        """Build where CMake's presets do."""
        cmake_layout(self)

    def generate(self) -> None:
        """Pass the options to CMake."""
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["GCV_EDGE_RUNTIME"] = self.options.engine == "openvino"
        toolchain.cache_variables["GCV_EDGE_ONNXRUNTIME"] = self.options.engine == "onnxruntime"
        toolchain.cache_variables["GCV_EDGE_BUNDLE_OPENVINO"] = bool(self.options.get_safe("bundle_openvino"))
        toolchain.generate()

    def build(self) -> None:
        """Configure and build."""
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self) -> None:
        """Install, with the licence where Conan looks for it."""
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder) / "licenses")

    def package_info(self) -> None:
        """Leave CMake to the package's gcv_edgeConfig.cmake; name the libraries for other tools."""
        self.cpp_info.set_property("cmake_find_mode", "none")
        core = self.cpp_info.components["core"]
        core.builddirs = ["lib/cmake/gcv_edge"]
        core.set_property("pkg_config_name", "gcv-edge-core")
        core.libs = ["gcv_edge_core"]
        core.system_libs = ["m"]
        if self.options.engine == "none":
            return
        library = "gcv_edge" if self.options.engine == "openvino" else "gcv_edge_onnxruntime"
        runtime = self.cpp_info.components["runtime"]
        runtime.set_property("pkg_config_name", library.replace("_", "-"))
        runtime.libs = [library]
        if not self.options.shared:
            runtime.system_libs = ["m", "pthread", "dl"]
