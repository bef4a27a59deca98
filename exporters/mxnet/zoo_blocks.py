"""Blocks of GluonCV's zoo, built without values and without a network connection. Needs the extra [mxnet].

The values come from a parameter file afterwards, so a builder's own are neither drawn nor downloaded.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gcv_edge.errors import ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.tasks import CLASSIFICATION, POSE, SEGMENTATION, Task

BUILDING = threading.RLock()

PRUNED = re.compile(r"resnet\d+_v1[bd]_0\.\d+$")
TAKES_NCLASS = re.compile(r"(resnet|i3d_|slowfast_).*_custom$|.*_(ucf101|hmdb51|kinetics400|sthsthv2)$")
DETECTOR = re.compile(r"ssd_|yolo3_|center_net_|.*rcnn")
HIGH_RESOLUTION = re.compile(r"hrnet_")
COCO_JOINTS = 17
STARTS_FROM_KINETICS = re.compile(r"i3d_resnet50_v1_(ucf101|hmdb51|custom)$|(slowfast|resnet).*_custom$")


def find_zoo_name(gluoncv: Any, name: str) -> str:
    """Check a zoo name.

    Raises:
        ModelNotFoundError: the zoo has no such name; the message holds the nearest ones.
    """
    names = list(gluoncv.model_zoo.get_model_list())
    if name.lower() in names:
        return name.lower()
    close = difflib.get_close_matches(name.lower(), names, n=3)
    hint = f": did you mean {', '.join(close)}?" if close else ""
    raise ModelNotFoundError(f"'{name}' is neither a file nor a name of GluonCV's model zoo{hint}")


def build_block(
    gluoncv: Any, name: str, classes: Sequence[str] = (), size: tuple[int, int] | None = None
) -> Any:
    """Make a zoo network's block.

    Args:
        gluoncv: the module.
        name: name in the zoo.
        classes: names of its classes (joints for pose); empty for those of the zoo.
        size: height and width of the input; only segmentation networks depend on it.

    Raises:
        UsageError: a ``custom`` network without class names.
        UnsupportedError: GluonCV cannot build the network, or not with that many classes.
    """
    if "custom" in name and not classes:
        raise UsageError(f"{name}: give the class names: --classes a,b,c")
    arguments = class_arguments(name, classes)
    spellings = [arguments | extra for extra in size_arguments(name, size)]
    with building_without_values(gluoncv), class_number(gluoncv, len(classes)):
        block = call_builder(gluoncv, name, spellings)
        if classes:
            adapt_classes(block, name, classes)
    return block


def find_task(name: str) -> Task | None:
    """Task that a zoo name says."""
    facts = zoo.describe(name)
    return facts.task if facts is not None else None


def class_arguments(name: str, classes: Sequence[str]) -> dict[str, Any]:
    """Spell the classes as a builder wants them; empty where the block is adapted in another way."""
    task = find_task(name)
    if not classes or PRUNED.match(name) or HIGH_RESOLUTION.match(name):
        return {}
    if name.startswith("alpha_pose_"):
        check_joints(name, len(classes))
        return {}
    if TAKES_NCLASS.match(name):
        return {"nclass": len(classes)}
    if "custom" in name:
        return {"classes": list(classes)}
    if DETECTOR.match(name) or task is SEGMENTATION:
        return {}
    return {"num_joints" if task is POSE else "classes" if task is CLASSIFICATION else "nclass": len(classes)}


def check_joints(name: str, count: int) -> None:
    """Refuse joints that a builder cannot make.

    Raises:
        UnsupportedError: there are more or fewer than COCO's.
    """
    if count != COCO_JOINTS:
        raise UnsupportedError(f"{name}: found {count} joints, GluonCV builds it with {COCO_JOINTS} only")


def size_arguments(name: str, size: tuple[int, int] | None) -> list[dict[str, int]]:
    """Spellings of the size to which a segmentation network scales its result, best first."""
    if size is None or find_task(name) is not SEGMENTATION:
        return [{}]
    square = [{"crop_size": size[0]}] if size[0] == size[1] else []
    return [*square, {"height": size[0], "width": size[1]}, {}]


def call_builder(gluoncv: Any, name: str, spellings: Sequence[dict[str, Any]]) -> Any:
    """Call the zoo's function for a name with the first arguments that it takes.

    Raises:
        UnsupportedError: it takes none of them.
    """
    fixed = {"use_kinetics_pretrain": False} if STARTS_FROM_KINETICS.match(name) else {}
    problem: Exception | None = None
    for spelling in spellings:
        for extra in ({"pretrained_base": False}, {}):
            try:
                return gluoncv.model_zoo.get_model(name, pretrained=False, **fixed, **extra, **spelling)
            except Exception as error:  # builders raise what they like, a plain Warning too
                problem = error
    raise UnsupportedError(f"{name}: GluonCV cannot build it: {first_line(problem)}") from problem


def adapt_classes(block: Any, name: str, classes: Sequence[str]) -> None:
    """Give a network of a fixed data set other classes.

    Raises:
        UnsupportedError: it has no ``reset_class``.
    """
    if PRUNED.match(name):
        replace_dense(block, "fc", len(classes))
    if not DETECTOR.match(name) or "custom" in name or len(block.classes) == len(classes):
        return
    try:
        block.reset_class(list(classes))
    except (AttributeError, NotImplementedError, RuntimeError, AssertionError) as error:
        raise UnsupportedError(f"{name}: its classes cannot be changed: {first_line(error)}") from error


def replace_dense(block: Any, attribute: str, units: int) -> None:
    """Put another last layer in a classification network, as fine-tuning scripts do."""
    with block.name_scope():
        setattr(block, attribute, import_mxnet().gluon.nn.Dense(units))


@contextlib.contextmanager
def building_without_values(gluoncv: Any) -> Iterator[None]:
    """Let builders run without parameter values: nothing is drawn, downloaded, loaded or moved.

    Names count from 0, so that a network has the same ones whatever was built before. One thread builds at
    a time; others must not use Gluon meanwhile.

    Several of GluonCV's builders ignore ``pretrained_base``, and several call ``reset_ctx`` on a base
    network that has no values unless they were downloaded.
    """
    mxnet = import_mxnet()
    gluon = mxnet.gluon
    parameter, block, dictionary = gluon.Parameter, gluon.Block, gluon.ParameterDict
    with BUILDING, contextlib.ExitStack() as stack:
        for owner, name, value in (
            (parameter, "reset_ctx", tolerant(parameter.reset_ctx, ValueError, None)),
            (parameter, "list_ctx", tolerant(parameter.list_ctx, RuntimeError, [mxnet.cpu()])),
            (block, "__call__", only_shape(block.__call__)),
            (block, "initialize", do_nothing),
            (block, "load_parameters", do_nothing),
            (dictionary, "initialize", do_nothing),
            (gluoncv.model_zoo.model_store, "get_model_file", do_nothing),
        ):
            stack.enter_context(replaced(owner, name, value))
        stack.enter_context(mxnet.name.NameManager())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        yield


@contextlib.contextmanager
def class_number(gluoncv: Any, classes: int) -> Iterator[None]:
    """Let networks whose class number is a data set's, or fixed (HRNet), have another; 0: theirs."""
    hrnet = gluoncv.model_zoo.hrnet

    def get_hrnet(*arguments: Any, **options: Any) -> Any:
        return original(*arguments, **{**options, "num_classes": classes})

    original = hrnet.get_hrnet
    with contextlib.ExitStack() as stack:
        if classes:
            stack.enter_context(replaced(hrnet, "get_hrnet", get_hrnet))
            for data_set in set(gluoncv.data.datasets.values()):
                stack.enter_context(replaced(data_set, "NUM_CLASS", classes))
        yield


@contextlib.contextmanager
def replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    """Give an attribute another value for a while."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)


def tolerant(method: Callable[..., Any], error: type[Exception], default: Any) -> Callable[..., Any]:
    """Return a method that gives a default where the original raises an error."""

    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return method(*arguments, **options)
        except error:
            return default

    return call


def only_shape(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a block's call that gives zeros of the right shape: CenterNet so learns how wide its base is."""
    mxnet = import_mxnet()

    def call_for_shape(block: Any, *inputs: Any) -> Any:
        if not isinstance(inputs[0], mxnet.nd.NDArray):
            return call(block, *inputs)
        symbol = call(block, mxnet.sym.var("data"))
        return mxnet.nd.zeros(symbol.infer_shape(data=inputs[0].shape)[1][0])

    return call_for_shape


def do_nothing(*_arguments: Any, **_options: Any) -> None:
    """Stand in for a method whose effect is not wanted."""


def first_line(error: BaseException | None, limit: int = 160) -> str:
    """Return an error's text on one line."""
    lines = str(error).strip().splitlines()
    return " ".join(lines[0].split())[:limit] if lines else type(error).__name__
