"""The steps of .ci/run and .ci/nightly, one session each: ``nox -l`` lists them, ``nox -s lint`` runs one.

What a session needs is installed in an environment below ``.nox/``, which the next run uses again.
What comes after ``--`` goes to the session's command: ``nox -s tests -- tests/core -k nms``.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
import sysconfig
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "tests"]
nox.options.error_on_external_run = True

ROOT = Path(__file__).resolve().parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")["project"]
BUILD_TOOLS = ("cmake", "ninja")
ZOO_HEADS = (
    "center_net_mobilenetv3_small_duc_coco",
    "custom_mask_rcnn_fpn",
    "faster_rcnn_fpn_resnet50_v1b_coco",
    "hrnet_w18_small_v1_s",
    "i3d_inceptionv1_kinetics400",
    "monodepth2_resnet18_kitti_mono_640x192",
    "resnet50_v1_int8",
    "shufflenet_v2",
    "siamrpn_alexnet_v2_otb15",
    "simple_pose_resnet50_v1d_int8",
    "ssd_300_mobilenet0.25_custom",
    "yolo3_mobilenet0.25_voc",
)
"""A quick network for each task, and two in MXNet's 8-bit operators."""


def requirements(*extras: str) -> list[str]:
    """List what the package and some of its extras need. Without the package, no compiler is needed."""
    return [*PROJECT["dependencies"], *(name for extra in extras for name in requirements_of(extra))]


def requirements_of(extra: str) -> list[str]:
    """List what an extra needs, with what the extras that it names need."""
    found = []
    for name in PROJECT["optional-dependencies"][extra]:
        own = re.fullmatch(r"gcv-edge\[(.*)\]", name)
        found += [nested for part in own[1].split(",") for nested in requirements_of(part)] if own else [name]
    return found


def use_own_store(session: nox.Session) -> None:
    """Keep a session away from the user's model store."""
    session.env["GCV_EDGE_HOME"] = str(session.env_dir.resolve() / "home")


def with_mxnet(session: nox.Session, program: str) -> str:
    """Find a program of the environment that the session ``mxnet`` fills."""
    return str(session.cache_dir.parent / "mxnet" / "bin" / program)


def run_script(session: nox.Session, name: str, *arguments: str, **environment: str) -> None:
    """Run a script of ``.ci/`` with arguments, by default with those that came after ``--``."""
    session.run("bash", f".ci/{name}", *(arguments or session.posargs), external=True, env=environment)


def run_script_with_mxnet(session: nox.Session, name: str, *arguments: str) -> None:
    """Run a script of ``.ci/`` that takes its Python and build tools from the environment with MXNet."""
    path = os.pathsep.join([with_mxnet(session, ""), os.environ["PATH"]])
    run_script(session, name, *arguments, PYTHON=with_mxnet(session, "python"), PATH=path)


@nox.session(tags=["ci"])
def lint(session: nox.Session) -> None:
    """Ruff, mypy, clang-format and clang-tidy."""
    session.install(*requirements("export", "lint"), *BUILD_TOOLS)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("mypy", *map(str, sorted((ROOT / ".ci").glob("*.py"))))
    formatted = "git ls-files 'cpp/*.h' '*.cpp' | xargs clang-format --dry-run --Werror"
    session.run("bash", "-c", formatted, external=True)
    run_script(session, "clang-tidy")


@nox.session(tags=["ci"])
def tests(session: nox.Session) -> None:
    """The README's test command: all but what is slow or needs MXNet."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def mxnet(session: nox.Session) -> None:
    """Fill the environment with MXNet that other sessions run in (Python 3.10 to 3.12)."""
    session.install("-e", ".[test,mxnet]")


@nox.session(tags=["ci"], python=False, requires=["mxnet"])
def tests_mxnet(session: nox.Session) -> None:
    """What is tested against live MXNet."""
    session.run(with_mxnet(session, "pytest"), "-m", "mxnet and not slow", *session.posargs, external=True)


def compare_zoo(session: nox.Session, *names: str) -> None:
    """Export names of GluonCV's zoo and compare them with live MXNet in both engines."""
    use_own_store(session)
    command = ("-m", "benchmarks.zoo", *names, "--phase", "parity", "--again")
    output = session.posargs[0] if session.posargs else str(session.env_dir / "zoo")
    session.run(with_mxnet(session, "python"), *command, "--output", output, external=True)


@nox.session(tags=["ci"], python=False, requires=["mxnet"])
def zoo_heads(session: nox.Session) -> None:
    """A network of GluonCV's zoo for each kind of head, against live MXNet (``zoo_cover`` takes long)."""
    compare_zoo(session, "--names", ",".join(ZOO_HEADS))


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def zoo_cover(session: nox.Session) -> None:
    """Every kind of operator of GluonCV's zoo, in both engines, against live MXNet."""
    compare_zoo(session, "--cover")


@nox.session(tags=["ci"])
def wheel(session: nox.Session) -> None:
    """A wheel from the source distribution, installed in a fresh environment: the demo runs."""
    use_own_store(session)
    session.install("build")
    folder = session.env_dir.resolve() / "made"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(folder / "dist"))
    session.run("python", "-m", "venv", str(folder / "user"))
    (made,) = (folder / "dist").glob("*.whl")
    session.run(str(folder / "user/bin/pip"), "install", "-q", f"{made}[export]", external=True)
    with session.chdir(folder):
        session.run("user/bin/gcv-edge", "demo", "--output", "demo", external=True)
        session.run("user/bin/gcv-edge", "doctor", external=True)


@nox.session(tags=["ci"])
def docs(session: nox.Session) -> None:
    """The site, ``site/index.html``: notebooks are run, and every link must lead somewhere."""
    use_own_store(session)
    session.install("-e", ".[docs]")
    session.run("mkdocs", "build", "--clean", *session.posargs)


@nox.session(tags=["ci"])
def fuzz_cpp(session: nox.Session) -> None:
    """LibFuzzer on files, frames and outputs, 15 s each (``-- SECONDS``); needs clang and its runtime."""
    if not session.run("bash", ".ci/fuzz_compiler", external=True, silent=True):
        session.skip("no Clang that can link libFuzzer: apt install clang libclang-rt-14-dev")
    session.install(*BUILD_TOOLS)
    run_script(session, "fuzz")


@nox.session(tags=["nightly"])
def lowest(session: nox.Session) -> None:
    """The tests with the lowest declared versions."""
    session.install("-r", ".ci/lowest.txt", "-e", ".[test]")
    session.run("gcv-edge", "demo", "--output", str(session.env_dir.resolve() / "demo"))
    session.run("pytest", *session.posargs)


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def slow(session: nox.Session) -> None:
    """The tests that take too long for every change."""
    session.run(with_mxnet(session, "pytest"), "-m", "slow", *session.posargs, external=True)


@nox.session(tags=["nightly"])
def ray(session: nox.Session) -> None:
    """The tests that start Ray."""
    session.install("-e", ".[test,ray]")
    session.run("pytest", "-n", "0", "-m", "slow", "tests/batch/test_ray.py", *session.posargs)


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def cpp_page(session: nox.Session) -> None:
    """The commands of docs/cpp.md, in an empty folder."""
    run_script_with_mxnet(session, "cpp_page")


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def fuzz_python(session: nox.Session) -> None:
    """Damaged inputs for every reader and converter in Python, five minutes."""
    todays = ("--seconds", "300", "--jobs", "2", "--seed", f"{datetime.date.today():%Y%m%d}")
    options = session.posargs or todays
    session.run(with_mxnet(session, "python"), "-m", "tests.fuzz", *options, external=True)


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def packages(session: nox.Session) -> None:
    """The C++ library as packages, and programs built against them (``-- DIST [ARCH...]``)."""
    folder, *processors = session.posargs or [str(session.cache_dir.parent / "packages"), "x86_64", "aarch64"]
    run_script_with_mxnet(session, "packages", folder, *processors)
    run_script_with_mxnet(session, "try_packages", folder)


@nox.session(tags=["nightly"], requires=["mxnet"])
def conan(session: nox.Session) -> None:
    """The Conan recipe: packages, and a program built against each (``-- "OPTION=VALUE..."``)."""
    session.install("conan")
    path = os.pathsep.join([with_mxnet(session, ""), session.bin, os.environ["PATH"]])
    run_script(session, "conan", PATH=path)


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def vcpkg(session: nox.Session) -> None:
    """The portfile of the vcpkg port, without vcpkg; needs pkg-config."""
    run_script_with_mxnet(session, "vcpkg")


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def cpp_onnxruntime(session: nox.Session) -> None:
    """The C++ library on ONNX Runtime against Python on it, and under sanitizers; needs apt for a header."""
    root = str(session.cache_dir.parent / "onnxruntime")
    run_script_with_mxnet(session, "onnxruntime", root)
    command = (with_mxnet(session, "pytest"), "-n", "0", "-m", "", "tests/cpp/test_onnxruntime.py")
    session.run(*command, *session.posargs, external=True, env={"ONNXRUNTIME_ROOT": root})


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def soak(session: nox.Session) -> None:
    """10,000 frames; eight threads for a minute under ThreadSanitizer."""
    session.run(with_mxnet(session, "python"), "-m", "benchmarks.cpp_soak", *session.posargs, external=True)


@nox.session(tags=["nightly"], python=False, requires=["mxnet"])
def aarch64(session: nox.Session) -> None:
    """64-bit ARM under qemu; needs g++-aarch64-linux-gnu and qemu-user."""
    run_script_with_mxnet(session, "aarch64")


@nox.session(tags=["nightly"])
def compilers(session: nox.Session) -> None:
    """The C++ core with Clang, as one unit, on 32-bit ARM and on musl; needs compilers and qemu-user."""
    session.install(*BUILD_TOOLS, "ziglang")
    (zig,) = session.env_dir.resolve().glob("lib/python*/site-packages/ziglang")
    run_script(session, "compilers", PATH=os.pathsep.join([session.bin, str(zig), os.environ["PATH"]]))


@nox.session(tags=["nightly"])
def wheels(session: nox.Session) -> None:
    """The wheels of a release, and what users do with them (``-- INCLUDE...`` as in .ci/wheels)."""
    use_own_store(session)
    session.install("build", "auditwheel", "ziglang", "wheel")
    folder = session.env_dir.resolve() / "made"
    shutil.rmtree(folder, ignore_errors=True)
    includes = session.posargs or [sysconfig.get_paths()["include"].rpartition("/")[0]]
    session.run("bash", ".ci/wheels", str(folder), *includes, external=True)
    session.run("bash", ".ci/try_wheels", str(folder), external=True)


@nox.session(tags=["nightly"], python=False, requires=["mxnet", "wheels"])
def wheel_aarch64(session: nox.Session) -> None:
    """The wheel for ARM under qemu; needs qemu-user, and GCV_EDGE_ARM64_ROOT for the script's ROOT."""
    root = os.environ.get("GCV_EDGE_ARM64_ROOT")
    if not root:
        session.skip("GCV_EDGE_ARM64_ROOT names no unpacked Python for arm64")
    made = list((session.cache_dir.parent / "wheels" / "made").glob("*-abi3-*_aarch64.whl"))
    if not made:
        session.error("the session wheels made none for aarch64 and Python 3.12 or later: -- INCLUDE...")
    command = ("bash", ".ci/wheel_aarch64", str(made[0]), root)
    session.run(*command, external=True, env={"PYTHON": with_mxnet(session, "python")})
