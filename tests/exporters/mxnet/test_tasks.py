"""Tasks beside one picture in and one list out: clips, depth, embeddings, pictures, parts, plain tensors."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gcv_edge import ActionRecognizer, DepthEstimator, Embedder, ImageTranslator, TensorNetwork
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import ClipSettings, DepthSettings, ImageSettings
from gcv_edge.pipeline import ExportResult, export
from gcv_edge.tasks import ACTION, CLASSIFICATION

CLIP = (1, 3, 4, 16, 16)
PICTURE = (1, 3, 32, 32)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))
    return tmp_path


def save(block: Any, mxnet: ModuleType, folder: Path, *shapes: tuple[int, ...]) -> str:
    """Write symbol and parameters of a block with random values; return the symbol's path."""
    mxnet.random.seed(1)
    block.initialize(mxnet.init.Xavier(magnitude=2), force_reinit=True)
    block.hybridize()
    block(*(mxnet.nd.random.normal(shape=shape) for shape in shapes))
    block.export(str(folder / "net"))
    return str(folder / "net-symbol.json")


def clip_network(mxnet: ModuleType, segments: int = 1) -> Any:
    """A 3-D network with GluonCV's way to agree over clips."""
    nn = mxnet.gluon.nn

    class ClipNetwork(mxnet.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.features = nn.HybridSequential()
                self.features.add(
                    nn.Conv3D(8, (3, 3, 3), (1, 2, 2), (1, 1, 1), use_bias=False),
                    nn.BatchNorm(),
                    nn.Activation("relu"),
                    nn.MaxPool3D((2, 2, 2), (2, 2, 2)),
                    nn.GlobalAvgPool3D(),
                )
                self.dense = nn.Dense(5)

        def hybrid_forward(self, ops: Any, x: Any) -> Any:
            x = ops.reshape(ops.squeeze(self.features(x), axis=(2, 3, 4)), (-1, segments, 8))
            return self.dense(ops.mean(x, axis=1))

    return ClipNetwork()


@pytest.mark.parametrize("options", [{}, {"dynamic_batch": True}, {"input_shape": (3, *CLIP[1:])}])
def test_a_3d_network_is_for_actions(mxnet: ModuleType, folder: Path, options: dict[str, Any]) -> None:
    source = save(clip_network(mxnet), mxnet, folder, CLIP)
    result = export(source, options=ExportOptions(**{"input_shape": CLIP, **options}))
    assert result.metadata.task.name == "action"
    assert result.metadata.clip == ClipSettings((0, 2, 4, 6), 8)
    assert passed(result).batches == (1, 3)
    frames = np.random.default_rng(0).integers(0, 255, (20, 40, 50, 3), np.uint8)
    found = [
        ActionRecognizer(result.path, engine=engine).run(frames) for engine in ("openvino", "onnxruntime")
    ]
    np.testing.assert_allclose(found[0].logits, found[1].logits, atol=1e-4)


def test_clips_along_the_batch(mxnet: ModuleType, folder: Path) -> None:
    shape = (6, *CLIP[1:])
    source = save(clip_network(mxnet, segments=3), mxnet, folder, shape)
    result = export(source, options=ExportOptions(input_shape=shape))
    assert passed(result)
    assert result.metadata.clip is not None
    assert result.metadata.clip.offsets == (0, 2, 4, 6)


def passed(result: ExportResult) -> Any:
    assert result.verification is not None
    assert result.verification.passed
    assert result.verification.reference.startswith("mxnet")
    return result.verification


def depth_network(mxnet: ModuleType) -> Any:
    """Sigmoids of four scales, the finest last, as monodepth2 gives them."""
    nn = mxnet.gluon.nn

    class DepthNetwork(mxnet.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.down = nn.Conv2D(8, 3, 4, 1)
                self.coarse, self.fine = nn.Conv2D(1, 3, padding=1), nn.Conv2D(1, 3, padding=1)
                self.sigmoid = nn.Activation("sigmoid")

        def hybrid_forward(self, ops: Any, x: Any) -> Any:
            x = self.down(x)
            wide = ops.UpSampling(x, scale=4, sample_type="nearest")
            return [self.sigmoid(self.coarse(x)), self.sigmoid(self.fine(wide))]

    return DepthNetwork()


def test_depth_is_the_finest_of_several_maps(mxnet: ModuleType, folder: Path) -> None:
    source = save(depth_network(mxnet), mxnet, folder, PICTURE)
    unit = ExportOptions(PICTURE, task="depth", mean=(0.0,) * 3, scale=(255.0,) * 3)
    result = export(source, options=unit)
    assert passed(result)
    assert result.metadata.depth == DepthSettings()
    found = DepthEstimator(result.path).run(np.full((48, 64, 3), 100, np.uint8))
    assert found.disparity.shape == (48, 64)
    assert 0 < found.disparity.min() < found.disparity.max() < 1


def generator(mxnet: ModuleType, last: str | None) -> Any:
    nn = mxnet.gluon.nn
    block = nn.HybridSequential()
    block.add(nn.Conv2D(8, 3, padding=1, activation="relu"), nn.Conv2DTranspose(3, 4, 2, 1))
    if last is not None:
        block.add(nn.Activation(last))
    return block


@pytest.mark.parametrize(
    ("last", "task", "levels"), [("tanh", None, (-1, 1)), ("sigmoid", "image_to_image", (0, 1))]
)
def test_a_picture_s_levels_follow_from_its_last_operator(
    mxnet: ModuleType, folder: Path, last: str, task: str | None, levels: tuple[float, float]
) -> None:
    source = save(generator(mxnet, last), mxnet, folder, PICTURE)
    result = export(source, options=ExportOptions(PICTURE, task=task))
    assert passed(result)
    assert result.metadata.image == ImageSettings(*levels)
    found = ImageTranslator(result.path).run(np.zeros((20, 30, 3), np.uint8))
    assert found.pixels.shape == (64, 64, 3)


def test_a_picture_s_levels_must_be_said_where_nothing_tells(mxnet: ModuleType, folder: Path) -> None:
    source = save(generator(mxnet, None), mxnet, folder, PICTURE)
    options = ExportOptions(PICTURE, task="image_to_image")
    with pytest.raises(UsageError, match="--image-range LOW,HIGH"):
        export(source, options=options)
    result = export(source, options=ExportOptions(PICTURE, task="image_to_image", image_range=(0, 255)))
    assert result.metadata.image == ImageSettings(0, 255)


def test_vectors_are_embeddings_where_asked_for(mxnet: ModuleType, folder: Path) -> None:
    nn = mxnet.gluon.nn
    block = nn.HybridSequential()
    block.add(
        nn.Conv2D(8, 3, 2), nn.BatchNorm(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.BatchNorm(scale=False)
    )
    source = save(block, mxnet, folder, (1, 3, 64, 32))
    options = ExportOptions((1, 3, 64, 32), task="embedding", mean=(0.0,) * 3, scale=(1.0,) * 3, bgr=True)
    result = export(source, options=options)
    assert passed(result)
    assert result.metadata.preprocessing.mean == (0.0, 0.0, 0.0)
    assert not result.metadata.preprocessing.reverse_channels
    assert len(Embedder(result.path).run(np.zeros((128, 64, 3), np.uint8))) == 8
    with pytest.raises(
        UnsupportedError, match=r"has the shape \[1, 8\] for a batch of 1, expected .* for depth"
    ):
        export(source, options=ExportOptions((1, 3, 64, 32), task="depth"))


def test_a_latent_vector_goes_in_as_a_tensor(mxnet: ModuleType, folder: Path) -> None:
    block = generator(mxnet, "tanh")
    source = save(block, mxnet, folder, (1, 10, 4, 4))
    result = export(source, options=ExportOptions((1, 10, 4, 4), dynamic_batch=True))
    assert passed(result)
    assert result.metadata.task.name == "tensors"
    network = TensorNetwork(result.path)
    assert network.inputs == {"data": (1, 10, 4, 4)}
    latent = np.random.default_rng(0).standard_normal((1, 10, 4, 4), np.float32)
    expected = block(mxnet.nd.array(latent)).asnumpy()
    np.testing.assert_allclose(network.run(latent)["output"], expected, atol=1e-5)


def siamese(mxnet: ModuleType) -> Any:
    """A tracker's way: features of a template are the filters that run over a search picture."""
    nn = mxnet.gluon.nn

    class Siamese(mxnet.gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.trunk, self.head = nn.Conv2D(4, 3), nn.Conv2D(2, 1)

        def hybrid_forward(self, ops: Any, template: Any, search: Any) -> Any:
            filters = ops.reshape(self.trunk(template), (4, 1, 4, 4))
            found = ops.Convolution(
                self.trunk(search), filters, kernel=(4, 4), num_filter=4, num_group=4, no_bias=True
            )
            return self.head(found), ops.mean(filters, axis=0)

    return Siamese()


SIAMESE_SHAPES = ((1, 3, 6, 6), (1, 3, 20, 20))


def test_a_network_of_two_inputs_becomes_two_files_that_fit(mxnet: ModuleType, folder: Path) -> None:
    block = siamese(mxnet)
    source = save(block, mxnet, folder, *SIAMESE_SHAPES)
    first, second = (
        export(source, options=ExportOptions(SIAMESE_SHAPES[0], SIAMESE_SHAPES[1:], part=part))
        for part in (1, 2)
    )
    assert passed(first)
    assert passed(second)
    assert (first.path.name, second.path.name) == ("net.part1.onnx", "net.part2.onnx")
    template, search = (np.random.default_rng(0).standard_normal(s, np.float32) for s in SIAMESE_SHAPES)
    expected = [output.asnumpy() for output in block(mxnet.nd.array(template), mxnet.nd.array(search))]
    for engine in ("openvino", "onnxruntime"):
        made = TensorNetwork(first.path, engine=engine).run({"data0": template})
        tracker = TensorNetwork(second.path, engine=engine)
        links = {name: made[name] for name in tracker.inputs if name in made}
        found = tracker.run({"data1": search, **links})
        (head,) = found.values()
        np.testing.assert_allclose(head, expected[0], atol=1e-4)
        (mean,) = (value for name, value in made.items() if name not in links)
        np.testing.assert_allclose(mean, expected[1], atol=1e-5)


def test_a_network_of_two_inputs_is_one_file_where_no_part_is_asked_for(
    mxnet: ModuleType, folder: Path
) -> None:
    block = siamese(mxnet)
    source = save(block, mxnet, folder, *SIAMESE_SHAPES)
    result = export(source, options=ExportOptions(SIAMESE_SHAPES[0], SIAMESE_SHAPES[1:]))
    assert passed(result)
    template, search = (np.random.default_rng(0).standard_normal(s, np.float32) for s in SIAMESE_SHAPES)
    expected = block(mxnet.nd.array(template), mxnet.nd.array(search))
    found = TensorNetwork(result.path).run({"data0": template, "data1": search})
    for value, output in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(value, output.asnumpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"further_shapes": SIAMESE_SHAPES[1:], "part": 3},
            r"has no part 3: give --part 1 \(data0 to link1",
        ),
        ({"part": 1}, "found 1 input shapes, expected 2 for data0, data1"),
    ],
)
def test_parts_must_be_named(mxnet: ModuleType, folder: Path, options: dict[str, Any], message: str) -> None:
    source = save(siamese(mxnet), mxnet, folder, *SIAMESE_SHAPES)
    with pytest.raises(UsageError, match=message):
        export(source, options=ExportOptions(SIAMESE_SHAPES[0], **options))


@pytest.mark.parametrize(
    ("name", "task", "shapes"),
    [
        ("resnet50_v1d", "classification", ((3, 224, 224),)),
        ("c3d_kinetics400", "action", ((3, 16, 112, 112),)),
        ("i3d_resnet50_v1_custom", "action", ((3, 32, 224, 224),)),
        ("i3d_inceptionv3_kinetics400", "action", ((3, 32, 299, 299),)),
        ("i3d_slow_resnet101_f16s4_kinetics700", "action", ((3, 16, 224, 224),)),
        ("slowfast_4x16_resnet50_custom", "action", ((3, 36, 224, 224),)),
        ("slowfast_8x8_resnet101_kinetics400", "action", ((3, 40, 224, 224),)),
        ("slowfast_16x8_resnet101_50_50_kinetics400", "action", ((3, 80, 224, 224),)),
        ("vgg16_ucf101_int8", "action", ((3, 224, 224),)),
        ("inceptionv3_hmdb51", "action", ((3, 299, 299),)),
        ("resnet18_v1b_custom", "action", ((3, 224, 224),)),
        ("monodepth2_resnet18_kitti_stereo_640x192", "depth", ((3, 192, 640),)),
        ("monodepth2_resnet18_posenet_kitti_mono_640x192", "tensors", ((6, 192, 640),)),
        ("siamrpn_alexnet_v2_otb15", "tensors", ((3, 127, 127), (3, 287, 287))),
    ],
)
def test_zoo_names_say_task_and_inputs(name: str, task: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    facts = zoo.describe(name)
    assert facts is not None
    assert (facts.task.name, facts.shapes) == (task, shapes)


def test_zoo_clips_are_as_long_as_the_networks_take() -> None:
    for name in ("c3d_x", "p3d_x", "r2plus1d_x", "i3d_x", "i3d_slow_x", "slowfast_16x8_x"):
        clip = zoo.find_clip(name)
        assert clip is not None
        assert max(clip.offsets) < clip.window


STRETCHES = [
    ("i3d_resnet50_v1_kinetics400", (224, 224), (256, 340)),
    ("slowfast_4x16_resnet50_kinetics400", (224, 224), (256, 340)),
    ("vgg16_ucf101", (224, 224), (256, 340)),
    ("c3d_kinetics400", (112, 112), (128, 171)),
    ("r2plus1d_resnet18_kinetics400", (112, 112), (128, 171)),
    ("i3d_inceptionv3_kinetics400", (299, 299), (340, 450)),
    ("inceptionv3_ucf101", (299, 299), (340, 450)),
    ("c3d_kinetics400", (56, 56), (64, 86)),
    ("my_actions", (112, 112), (128, 170)),
]


@pytest.mark.parametrize(("name", "size", "stretch"), STRETCHES)
def test_frames_of_videos_are_stretched_as_in_training(
    name: str, size: tuple[int, int], stretch: tuple[int, int]
) -> None:
    found = zoo.default_preprocessing(name, ACTION, size)
    assert (found.resize_type, found.crop_short, found.crop_wide) == ("crop", *stretch)


def test_pictures_keep_their_aspect_ratio() -> None:
    assert zoo.default_preprocessing("resnet50_v1", CLASSIFICATION, (224, 224)).crop_wide == 0
