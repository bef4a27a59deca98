"""Networks as their owners saved them: exported, and compared with what the block itself computes."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from gcv_edge.errors import (
    GcvEdgeError,
    ModelNotFoundError,
    ParamsMismatchError,
    UnsupportedError,
    UsageError,
)
from gcv_edge.exporters.mxnet.params import parse_params
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export

Array = NDArray[np.float32]
Shape = tuple[int, int, int, int]
ABC = ("a", "b", "c")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the model store."""
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.fixture
def make(mxnet: ModuleType, gluoncv: ModuleType) -> Callable[..., Any]:
    """Make blocks as a training script does, with values of some variety."""

    def make_block(name: str, **options: Any) -> Any:
        mxnet.random.seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gluoncv's own, where it infers types
            block = gluoncv.model_zoo.get_model(name, **options)
        initialize(mxnet, block)
        return block

    return make_block


def initialize(mxnet: ModuleType, block: Any) -> None:
    """Draw values; BatchNorm's are not the neutral ones."""
    block.initialize(force_reinit=True)
    for name, parameter in block.collect_params().items():
        if name.endswith("weight"):
            parameter.initialize(mxnet.init.Xavier(), force_reinit=True)
        elif name.endswith(("gamma", "_var")):
            parameter.initialize(mxnet.init.Constant(1.1), force_reinit=True)
        elif name.endswith(("beta", "_mean", "bias")):
            parameter.initialize(mxnet.init.Constant(0.05), force_reinit=True)


def picture(shape: Shape) -> Array:
    return np.random.default_rng(1).standard_normal(shape, np.float32)


def compute(mxnet: ModuleType, block: Any, shape: Shape) -> Array:
    """Run the block itself; of several outputs the first."""
    output = block(mxnet.nd.array(picture(shape)))
    while isinstance(output, (list, tuple)):
        output = output[0]
    return np.asarray(output.asnumpy())


def run(model: Path, shape: Shape) -> list[Array]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture(shape)})


def convert(
    folder: Path, source: str, params: Path | None, shape: Shape, labels: tuple[str, ...] = (), **more: Any
) -> Path:
    """Export without the verification, which would run MXNet on the same parameters again."""
    options = ExportOptions(input_shape=shape, labels=labels, **more)
    return export(source, folder / "model.onnx", params=params, options=options, verify=False).path


def check_output(mxnet: ModuleType, block: Any, model: Path, shape: Shape) -> None:
    expected = compute(mxnet, block, shape)
    np.testing.assert_allclose(run(model, shape)[0], expected, atol=1e-4 * np.abs(expected).max())


def check_detections(
    mxnet: ModuleType, block: Any, folder: Path, params: Path, source: str, **more: Any
) -> None:
    """Compare the final list, with suppression inside the graph."""
    shape = (1, 3, 128, 128)
    model = convert(folder, source, params, shape, nms="graph", **more)
    expected = [output.asnumpy() for output in block(mxnet.nd.array(picture(shape)))]
    found = run(model, shape)
    assert [part.shape for part in found] == [part.shape for part in expected]
    count = int((expected[0] >= 0).sum())
    assert int((found[0] >= 0).sum()) == count
    assert count > 0
    np.testing.assert_allclose(np.sort(found[1], axis=None), np.sort(expected[1], axis=None), atol=1e-4)


def save_parameters(block: Any, folder: Path) -> Path:
    block.save_parameters(str(folder / "best.params"))
    return folder / "best.params"


def save_exported(block: Any, folder: Path) -> Path:
    """Hybridized, run and exported: names of the graph with ``arg:`` and ``aux:``."""
    block.export(str(folder / "best"), 7)
    return folder / "best-0007.params"


def save_collected(block: Any, folder: Path) -> Path:
    block.collect_params().save(str(folder / "best.params"))
    return folder / "best.params"


def save_stripped(block: Any, folder: Path) -> Path:
    block.collect_params().save(str(folder / "best.params"), strip_prefix=block.prefix)
    return folder / "best.params"


def save_deduplicated(block: Any, folder: Path) -> Path:
    block.save_parameters(str(folder / "best.params"), deduplicate=True)
    return folder / "best.params"


@pytest.mark.parametrize(
    "save", [save_parameters, save_exported, save_collected, save_stripped, save_deduplicated]
)
@pytest.mark.parametrize("name", ["mobilenet0.25", "cifar_resnet20_v1"])
def test_every_way_of_saving(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path, name: str, save: Callable[[Any, Path], Path]
) -> None:
    shape = (1, 3, 32, 32)
    block = make(name)
    block.hybridize()
    compute(mxnet, block, shape)
    check_output(mxnet, block, convert(folder, name, save(block, folder), shape), shape)


CLASSIFIERS = ["mobilenet0.25", "resnet18_v1b", "squeezenet1.1", "mobilenetv3_small", "cifar_resnet20_v2"]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_with_other_classes(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path, name: str
) -> None:
    size = 224 if "squeezenet" in name else 64
    shape = (1, 3, size, size)
    block = make(name, classes=3)
    expected = compute(mxnet, block, shape)
    assert expected.shape == (1, 3)
    params = save_parameters(block, folder)
    check_output(mxnet, block, convert(folder, name, params, shape, ABC), shape)
    with pytest.raises(UsageError, match=f"^{params}: has 3 classes, .*--classes a,b,c"):
        convert(folder, name, params, shape)
    with pytest.raises(UsageError, match=r"has 3 classes, but --classes names 2$"):
        convert(folder, name, params, shape, ("a", "b"))


@pytest.mark.parametrize(("name", "attribute"), [("resnet18_v2", "output"), ("resnet18_v1b", "fc")])
def test_replaced_last_layer(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path, name: str, attribute: str
) -> None:
    shape = (1, 3, 64, 64)
    block = make(name)
    with block.name_scope():
        setattr(block, attribute, mxnet.gluon.nn.Dense(3))
    getattr(block, attribute).initialize()
    compute(mxnet, block, shape)
    check_output(mxnet, block, convert(folder, name, save_parameters(block, folder), shape, ABC), shape)


@pytest.mark.parametrize("name", ["resnet18_v1b_0.89", "resnet50_v1d_0.37"])
@pytest.mark.parametrize("labels", [(), ABC])
def test_pruned(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path, name: str, labels: tuple[str, ...]
) -> None:
    shape = (1, 3, 64, 64)
    block = make(name)
    if labels:
        with block.name_scope():
            block.fc = mxnet.gluon.nn.Dense(3)
        block.fc.initialize()
    compute(mxnet, block, shape)
    check_output(mxnet, block, convert(folder, name, save_parameters(block, folder), shape, labels), shape)


@pytest.mark.parametrize("reuse", [None, {"a": "cat", "b": 3}])
@pytest.mark.parametrize(
    "name", ["yolo3_mobilenet0.25_voc", "ssd_300_mobilenet0.25_voc", "ssd_300_mobilenet1.0_lite_coco"]
)
def test_reset_class(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path, name: str, reuse: dict[str, Any] | None
) -> None:
    block = make(name, pretrained_base=False)
    block(mxnet.nd.zeros((1, 3, 128, 128)))
    block.reset_class(list(ABC), reuse_weights=reuse)
    params = save_parameters(block, folder)
    check_detections(mxnet, block, folder, params, name, labels=ABC)
    with pytest.raises(UsageError, match=f"^{params}: has 3 classes, .*--classes a,b,c"):
        convert(folder, name, params, (1, 3, 128, 128))


@pytest.mark.parametrize("name", ["yolo3_mobilenet0.25_custom", "ssd_300_mobilenet0.25_custom"])
def test_custom(mxnet: ModuleType, make: Callable[..., Any], folder: Path, name: str) -> None:
    block = make(name, classes=list(ABC), pretrained_base=False)
    block(mxnet.nd.zeros((1, 3, 128, 128)))
    params = save_parameters(block, folder)
    check_detections(mxnet, block, folder, params, name, labels=ABC)
    with pytest.raises(UsageError, match="has 3 classes: name them"):
        convert(folder, name, params, (1, 3, 128, 128))
    with pytest.raises(UsageError, match=r"has 3 classes, but --classes names 1$"):
        convert(folder, name, params, (1, 3, 128, 128), ("a",))


def test_renamed_classes(mxnet: ModuleType, make: Callable[..., Any], folder: Path) -> None:
    """``reset_class`` would give an SSDLite other kernels: as many classes as before are only renamed."""
    name = "ssd_300_mobilenet1.0_lite_coco"
    block = make(name, pretrained_base=False)
    block(mxnet.nd.zeros((1, 3, 128, 128)))
    labels = tuple(f"thing {index}" for index in range(80))
    check_detections(mxnet, block, folder, save_parameters(block, folder), name, labels=labels)


def test_anchors_of_the_file_count(mxnet: ModuleType, make: Callable[..., Any], folder: Path) -> None:
    block = make("ssd_300_mobilenet0.25_custom", classes=list(ABC), pretrained_base=False)
    block(mxnet.nd.zeros((1, 3, 128, 128)))
    for name, parameter in block.collect_params(".*anchor").items():
        assert "anchor" in name
        parameter.set_data(parameter.data() * 1.25)
    params = save_parameters(block, folder)
    check_detections(mxnet, block, folder, params, "ssd_300_mobilenet0.25_custom", labels=ABC)


def test_segmentation_with_other_classes_and_size(
    mxnet: ModuleType, gluoncv: ModuleType, folder: Path
) -> None:
    shape = (1, 3, 64, 96)
    block = gluoncv.model_zoo.FCN(nclass=3, pretrained_base=False, height=64, width=96)
    initialize(mxnet, block)
    assert compute(mxnet, block, shape).shape == (1, 3, 64, 96)
    params = save_parameters(block, folder)
    check_output(mxnet, block, convert(folder, "fcn_resnet50_voc", params, shape, ABC), shape)
    with pytest.raises(UsageError, match="has 3 classes"):
        convert(folder, "fcn_resnet50_voc", params, shape)


def test_pose_with_other_joints(mxnet: ModuleType, make: Callable[..., Any], folder: Path) -> None:
    shape = (1, 3, 64, 64)
    block = make("mobile_pose_mobilenetv3_small", num_joints=3, pretrained_base=False)
    compute(mxnet, block, shape)
    params = save_parameters(block, folder)
    check_output(mxnet, block, convert(folder, "mobile_pose_mobilenetv3_small", params, shape, ABC), shape)


def save_arrays(mxnet: ModuleType, params: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change a parameter file."""
    arrays = mxnet.nd.load(str(params))
    change(arrays)
    mxnet.nd.save(str(params), arrays)
    return params


def drop_two(arrays: dict[str, Any]) -> None:
    del arrays["features.0.weight"], arrays["features.1.gamma"]


def add_one(arrays: dict[str, Any]) -> None:
    arrays["extra.weight"] = arrays["features.0.weight"]


def reshape_one(arrays: dict[str, Any]) -> None:
    arrays["features.0.weight"] = arrays["features.0.weight"].reshape((4, 6, 3, 3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_two, "does not fit mobilenet0.25: 2 missing ('features.0.weight', 'features.1.gamma')"),
        (add_one, "does not fit mobilenet0.25: 1 unexpected ('extra.weight')"),
        (
            reshape_one,
            "does not fit mobilenet0.25: 1 of another shape "
            "('features.0.weight' found 4x6x3x3, expected 8x3x3x3)",
        ),
    ],
)
def test_what_does_not_fit_is_listed(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path, change: Callable[[Any], None], message: str
) -> None:
    block = make("mobilenet0.25")
    compute(mxnet, block, (1, 3, 64, 64))
    params = save_arrays(mxnet, save_parameters(block, folder), change)
    with pytest.raises(ParamsMismatchError, match=re.escape(message)) as caught:
        convert(folder, "mobilenet0.25", params, (1, 3, 64, 64))
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("; it fits no other network of the zoo")


@pytest.mark.parametrize(
    ("trained", "options", "asked", "guess"),
    [
        ("mobilenet0.5", {}, "mobilenet0.25", "it fits mobilenet0.5"),
        ("mobilenet0.5", {"classes": 7}, "resnet18_v1", "it fits mobilenet0.5 with 7 classes"),
        (
            "yolo3_mobilenet0.25_custom",
            {"classes": list(ABC), "pretrained_base": False},
            "yolo3_darknet53_coco",
            "it fits yolo3_mobilenet0.25_custom with 3 classes",
        ),
        (
            "ssd_300_mobilenet0.25_custom",
            {"classes": list(ABC), "pretrained_base": False},
            "mobilenet0.25",
            "it fits ssd_300_mobilenet0.25_custom with 3 classes",
        ),
    ],
)
def test_guesses_the_network_that_fits(
    mxnet: ModuleType,
    make: Callable[..., Any],
    folder: Path,
    trained: str,
    options: dict[str, Any],
    asked: str,
    guess: str,
) -> None:
    block = make(trained, **options)
    block(mxnet.nd.zeros((1, 3, 128, 128)))
    params = save_parameters(block, folder)
    with pytest.raises(ParamsMismatchError, match=f"; {re.escape(guess)}$"):
        convert(folder, asked, params, (1, 3, 128, 128), ABC if "coco" in asked else ())


@pytest.mark.parametrize(
    ("name", "params", "error", "message"),
    [
        ("mobilenet0.25", "none.params", ModelNotFoundError, "none.params: no such file"),
        ("mobilenet0.2", None, ModelNotFoundError, "did you mean mobilenet0.25"),
        ("yolo3_mobilenet0.25_custom", None, GcvEdgeError, "no trained weights|--classes"),
    ],
)
def test_errors_before_anything_is_built(
    gluoncv: ModuleType, folder: Path, name: str, params: str | None, error: type[GcvEdgeError], message: str
) -> None:
    with pytest.raises(error, match=message):
        convert(folder, name, folder / params if params else None, (1, 3, 64, 64))


FACTORIES = '''
import mxnet as mx
from mxnet.gluon import nn

class Shared(nn.HybridBlock):
    """Two outputs in a list, a layer used twice, a constant."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.first = nn.Conv2D(4, 3, padding=1, activation="relu")
            self.again = nn.Conv2D(4, 3, padding=1, in_channels=4)
            self.twin = nn.Conv2D(4, 3, padding=1, in_channels=4, params=self.again.params)
            self.shift = self.params.get_constant("shift", [[0.5, 1, 2, 3]])

    def hybrid_forward(self, F, x, shift):
        x = self.twin(self.again(self.first(x)))
        x = F.mean(x, axis=(2, 3))
        return [F.broadcast_add(x, shift), [x]]

def shared():
    return Shared()

def ready():
    mx.random.seed(3)
    block = Shared()
    block.initialize(mx.init.Xavier())
    return block

def imperative():
    class Plain(mx.gluon.Block):
        def forward(self, x):
            return x
    return Plain()

def untraceable():
    class Looks(nn.HybridBlock):
        def hybrid_forward(self, F, x):
            return x * x.shape[0]
    return Looks()

def broken():
    raise ValueError("no such luck\\nat all")

net = ready()
'''


@pytest.fixture
def factories(mxnet: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user's own in the current folder."""
    (folder / "my_networks.py").write_text(FACTORIES)
    monkeypatch.chdir(folder)
    monkeypatch.delitem(sys.modules, "my_networks", raising=False)
    return "my_networks"


@pytest.mark.parametrize("save", [save_parameters, save_deduplicated, save_collected])
def test_factory_with_params(
    mxnet: ModuleType, folder: Path, factories: str, save: Callable[[Any, Path], Path]
) -> None:
    shape = (1, 3, 16, 16)
    model = convert(folder, f"{factories}:ready", None, shape)
    block = sys.modules[factories].shared()
    block.initialize(mxnet.init.Xavier())
    compute(mxnet, block, shape)
    expected_before = run(model, shape)[0]
    model = convert(folder, f"{factories}:shared", save(block, folder), shape)
    check_output(mxnet, block, model, shape)
    assert np.abs(run(model, shape)[0] - expected_before).max() > 1e-3


def test_factory_with_values_of_its_own(mxnet: ModuleType, folder: Path, factories: str) -> None:
    shape = (1, 3, 16, 16)
    model = convert(folder, f"{factories}:net", None, shape)
    check_output(mxnet, sys.modules[factories].net, model, shape)


@pytest.mark.parametrize(
    ("factory", "error", "message"),
    [
        ("my_networks:shared", UsageError, r"has no value: give a parameter file: --params FILE$"),
        ("my_networks:imperative", UnsupportedError, "found Plain, expected a gluon HybridBlock$"),
        ("my_networks:untraceable", UnsupportedError, r"MXNet cannot trace it at \(1, 3, 16, 16\)"),
        ("my_networks:broken", UsageError, "ValueError: no such luck$"),
        ("my_networks:absent", UsageError, "absent"),
        ("no_such_module:x", UsageError, "no_such_module"),
    ],
)
def test_factories_that_do_not_work(
    folder: Path, factories: str, factory: str, error: type[GcvEdgeError], message: str
) -> None:
    with pytest.raises(error, match=message):
        convert(folder, factory, None, (1, 3, 16, 16))


def test_factory_needs_a_shape(folder: Path, factories: str) -> None:
    with pytest.raises(UsageError, match="--input-shape 1,3,HEIGHT,WIDTH"):
        export(f"{factories}:ready", folder / "model.onnx", verify=False)


@pytest.mark.parametrize("name", ["mobilenet0.25", "yolo3_mobilenet0.25_voc", "ssd_300_mobilenet0.25_voc"])
def test_random_weights_verify_and_repeat(gluoncv: ModuleType, folder: Path, name: str) -> None:
    first = export(name, folder / "first.onnx", random_weights=3)
    assert first.verification is not None
    assert first.verification.passed
    again = export(name, folder / "again.onnx", random_weights=3, verify=False)
    other = export(name, folder / "other.onnx", random_weights=4, verify=False)
    assert first.metadata.source_hash == again.metadata.source_hash
    assert first.metadata.source_hash != other.metadata.source_hash


BUILT_OFFLINE = [
    "alexnet", "resnet101_v1d_0.73", "center_net_resnet18_v1b_dcnv2_coco", "center_net_dla34_voc",
    "faster_rcnn_resnet50_v1b_voc", "mask_rcnn_resnet18_v1b_coco", "ssd_300_vgg16_atrous_voc",
    "ssd_512_resnet101_v2_voc", "yolo3_darknet53_coco", "fcn_resnet101_coco", "psp_resnet50_ade",
    "deeplab_resnest50_ade", "deeplab_v3b_plus_wideresnet_citys", "icnet_resnet50_mhpv1", "fastscnn_citys",
    "danet_resnet50_citys", "hrnet_w18_small_v1_s", "hrnet_w18_small_v1_c", "simple_pose_resnet18_v1b",
    "mobile_pose_mobilenet1.0", "alpha_pose_resnet101_v1b_coco", "resnet18_v1b_kinetics400",
    "i3d_resnet50_v1_ucf101", "slowfast_4x16_resnet50_custom",
]  # fmt: skip
"""One of each kind of builder; several ignore pretrained_base or move values that are not there."""


@pytest.mark.parametrize("name", BUILT_OFFLINE)
def test_blocks_are_built_without_a_connection(
    gluoncv: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gcv_edge.exporters.mxnet.guessing import sign
    from gcv_edge.exporters.mxnet.zoo_blocks import build_block
    from gcv_edge.exporters.mxnet.zoo_signatures import SIGNATURES

    monkeypatch.setattr("socket.socket.connect", refuse)
    block = build_block(gluoncv, name, ABC if "custom" in name else ())
    assert name in SIGNATURES[sign(block._collect_params_with_prefix())].split()


FAMILIES = [
    "resnet18_v1", "resnet50_v1d_0.11", "nasnet_4_1056", "vgg16_ucf101", "hrnet_w18_small_v1_c",
    "hrnet_w18_small_v1_s", "fcn_resnet50_ade", "danet_resnet50_citys", "simple_pose_resnet18_v1b",
    "ssd_300_mobilenet1.0_lite_coco", "ssd_512_vgg16_atrous_custom", "yolo3_darknet53_coco",
    "center_net_resnet18_v1b_voc", "faster_rcnn_resnet50_v1b_voc", "mask_rcnn_resnet18_v1b_coco",
]  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_class_number_is_found_in_the_shapes(gluoncv: ModuleType, name: str) -> None:
    from gcv_edge.exporters.mxnet import live

    shape = live.zoo_shape(name)
    usual, other = (
        live.trace_block(live.build_block(gluoncv, name, labels), name, shape)
        for labels in (("x",) if "custom" in name else (), ABC)
    )
    stored = {
        path: np.broadcast_to(np.float32(0), slot.shape)
        for slot in live.list_slots(other.block, other.shapes)
        for path in slot.paths
    }
    assert live.fit_traced(other, stored, name).is_good
    fit = live.fit_traced(usual, stored, name)
    assert live.count_classes(fit, live.class_number(usual.block)) == 3


def refuse(*arguments: object) -> None:
    raise AssertionError("a connection was tried")


def test_params_parser_agrees_with_mxnet_on_what_was_saved(
    mxnet: ModuleType, make: Callable[..., Any], folder: Path
) -> None:
    block = make("mobilenet0.25")
    compute(mxnet, block, (1, 3, 32, 32))
    params = save_parameters(block, folder)
    found = parse_params(params.read_bytes())
    for name, expected in mxnet.nd.load(str(params)).items():
        np.testing.assert_array_equal(found[name], expected.asnumpy())
