"""MTCNN, RetinaFace and LFFD, which find faces."""

from __future__ import annotations

from typing import Any

from benchmarks.families.backbones import conv, dense, max_pool, mobilenet, norm, prelu, relu, resnet_v2
from benchmarks.families.family import Scaling, UserNetwork, sym, variable

CENTRED = Scaling((127.5,), (128.0,))


def pnet() -> Any:
    """MTCNN's first network (mtcnn's det1): heads for boxes and for faces, at every place."""
    found = prelu(conv(variable(), "conv1", 10, 3), "prelu1")
    found = max_pool(found, "pool1", pooling_convention="full")
    found = prelu(conv(found, "conv2", 16, 3), "prelu2")
    found = prelu(conv(found, "conv3", 32, 3), "prelu3")
    score = sym.SoftmaxActivation(conv(found, "conv4_1", 2, 1), mode="channel", name="prob1")
    return sym.Group([conv(found, "conv4_2", 4, 1), score])


def crop_net(widths: tuple[int, ...], last_kernel: int, hidden: int, heads: tuple[int, ...]) -> Any:
    """MTCNN's second and third network (det2, det3): convolutions, a dense layer, heads of vectors."""
    found = variable()
    kernels = (*(3,) * (len(widths) - 1), last_kernel)
    for index, (width, kernel) in enumerate(zip(widths, kernels, strict=True), 1):
        found = prelu(conv(found, f"conv{index}", width, kernel), f"prelu{index}")
        if index < 3 or (index == 3 and len(widths) == 4):
            found = max_pool(found, f"pool{index}", 2 if index == 3 else 3, pooling_convention="full")
    layer = len(widths) + 1
    found = prelu(dense(found, f"conv{layer}", hidden), f"prelu{layer}")
    made = [dense(found, f"conv{layer + 1}_{i}", units) for i, units in enumerate((2, *heads), 1)]
    return sym.Group([*made[1:], sym.SoftmaxActivation(made[0], name="prob1")])


def head_of_faces(data: Any, stride: int, anchors: int = 2) -> list[Any]:
    """RetinaFace's three heads at a stride (insightface, rcnn/symbol/symbol_ssh.py)."""
    score = conv(data, f"face_rpn_cls_score_stride{stride}", 2 * anchors, 1)
    rows = sym.Reshape(score, shape=(0, 2, -1, 0), name=f"face_rpn_cls_score_reshape_stride{stride}")
    probability = sym.SoftmaxActivation(rows, mode="channel", name=f"face_rpn_cls_prob_stride{stride}")
    name = f"face_rpn_cls_prob_reshape_stride{stride}"
    return [
        sym.Reshape(probability, shape=(0, 2 * anchors, -1, 0), name=name),
        conv(data, f"face_rpn_bbox_pred_stride{stride}", 4 * anchors, 1),
        conv(data, f"face_rpn_landmark_pred_stride{stride}", 10 * anchors, 1),
    ]


def conv_norm(data: Any, name: str, filters: int, kernel: int, pad: int = 0) -> Any:
    """Convolution with bias and BatchNorm."""
    return norm(conv(data, name, filters, kernel, 1, pad), f"{name}_bn")


def conv_act(data: Any, name: str, filters: int, kernel: int, pad: int = 0) -> Any:
    """The same with a ReLU."""
    return relu(conv_norm(data, name, filters, kernel, pad), f"{name}_relu")


def context(data: Any, name: str, filters: int) -> Any:
    """SSH's module: views of three sizes side by side."""
    wide = conv_act(data, f"{name}_context_conv1", filters // 4, 3, 1)
    parts = [
        conv_norm(data, f"{name}_det_conv1", filters // 2, 3, 1),
        conv_norm(wide, f"{name}_context_conv2", filters // 4, 3, 1),
    ]
    wider = conv_act(wide, f"{name}_context_conv3_1", filters // 4, 3, 1)
    parts.append(conv_norm(wider, f"{name}_context_conv3_2", filters // 4, 3, 1))
    return relu(sym.concat(*parts, dim=1, name=f"{name}_det_concat"), f"{name}_det_concat_relu")


def retinaface(maps: dict[str, Any], filters: int) -> Any:
    """RetinaFace: a pyramid over three maps, cropped to each other's size, and nine heads."""
    lateral = {3: maps["last"], 2: maps["c2"], 1: maps["c1"]}
    found = {level: conv_act(data, f"rf_c{level}_lateral", filters, 1) for level, data in lateral.items()}
    for level in (2, 1):
        larger = sym.UpSampling(
            found[level + 1], scale=2, sample_type="nearest", name=f"rf_c{level}_upsampling"
        )
        larger = sym.Crop(larger, found[level], name=f"crop{2 - level}")
        found[level] = conv_act(found[level] + larger, f"rf_c{level}_aggr", filters, 3, 1)
    heads = []
    for level, stride in ((3, 32), (2, 16), (1, 8)):
        heads += head_of_faces(context(found[level], f"ssh_m{level}", filters), stride)
    return sym.Group(heads)


def lffd(depths: tuple[tuple[int, int, tuple[int, ...]], ...]) -> Any:
    """LFFD: a trunk of residual units; at some depths a softmax of which the face is kept, and a box.

    Args:
        depths: per stage width, stride-2 layers before it, and behind which units a branch begins.
    """
    found, heads, number = (variable() - 127.5) / 127.5, [], 0
    for stage, (width, halvings, branches) in enumerate(depths, 1):
        for step in range(halvings):
            found = relu(conv(found, f"conv{stage}_down{step}", width, 3, 2), f"relu{stage}_down{step}")
        for unit in range(1, max(branches) + 1):
            name = f"{stage}_{unit}"
            added = relu(conv(found, f"conv{name}a", width, 3, 1, 1), f"relu{name}a")
            found = relu(found + conv(added, f"conv{name}b", width, 3, 1, 1), f"relu{name}")
            if unit in branches:
                number += 1
                heads += lffd_branch(found, number)
    return sym.Group(heads)


def lffd_branch(data: Any, number: int) -> list[Any]:
    """One scale of LFFD: the probability of a face, and its box."""
    trunk = relu(conv(data, f"conv_{number}_1", 128, 1), f"relu_{number}_1")
    score = relu(conv(trunk, f"conv_{number}_2", 128, 1), f"relu_{number}_2")
    score = sym.softmax(conv(score, f"conv_{number}_score", 2, 1), axis=1)
    box = relu(conv(trunk, f"conv_{number}_3", 128, 1), f"relu_{number}_3")
    face = sym.slice_axis(score, axis=1, begin=0, end=1, name=f"face_{number}")
    return [face, conv(box, f"conv_{number}_bbox", 4, 1)]


LFFD_8 = ((64, 2, (3, 4)), (64, 1, (1, 2)), (128, 1, (1,)), (128, 1, (1, 2, 3)))
LFFD_5 = ((32, 2, (3,)), (32, 1, (2,)), (64, 1, (1,)), (64, 1, (1,)), (128, 1, (1,)))

FAMILIES = (
    UserNetwork("mtcnn_pnet", "MTCNN", pnet, (1, 3, 12, 12), CENTRED),
    UserNetwork("mtcnn_pnet_large", "MTCNN", pnet, (1, 3, 240, 317), CENTRED),
    UserNetwork("mtcnn_rnet", "MTCNN", lambda: crop_net((28, 48, 64), 2, 128, (4,)), (1, 3, 24, 24), CENTRED),
    UserNetwork("mtcnn_onet", "MTCNN", lambda: crop_net((32, 64, 64, 128), 2, 256, (4, 10)),
        (1, 3, 48, 48), CENTRED),
    UserNetwork("retinaface_r50", "insightface", lambda: retinaface(resnet_v2(variable()), 256),
        (1, 3, 320, 320)),
    UserNetwork("retinaface_mnet025", "insightface", lambda: retinaface(mobilenet(variable()), 64),
        (1, 3, 480, 640)),
    UserNetwork("lffd_8_scales", "LFFD", lambda: lffd(LFFD_8), (1, 3, 480, 480), Scaling(bgr=True)),
    UserNetwork("lffd_5_scales", "LFFD", lambda: lffd(LFFD_5), (1, 3, 480, 640), Scaling(bgr=True)),
)  # fmt: skip
