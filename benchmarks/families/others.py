"""Text, maps, pairs of pictures, and what gluoncv.utils.export_block writes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.families.backbones import conv, conv_relu, dense, max_pool, relu, vgg16
from benchmarks.families.classifiers import UNIT, pooled, small_trunk
from benchmarks.families.family import IMAGENET, RAW, Scaling, UserNetwork, mx, sym, variable
from gcv_edge.exporters.mxnet import live
from gcv_edge.exporters.mxnet.compat import import_gluoncv
from gcv_edge.exporters.mxnet.random_weights import draw_weights
from gcv_edge.exporters.mxnet.zoo_blocks import build_block

STEPS, HIDDEN, LETTERS = 24, 128, 37


def columns() -> Any:
    """Convolutions that leave one row of a line of text: ``[N, 256, 1, steps]``."""
    found = variable()
    for index, (filters, pool) in enumerate(((64, (2, 2)), (128, (2, 2)), (256, (8, 1)))):
        found = conv_relu(found, str(index), filters, 3, 1, 1)
        found = sym.Pooling(found, pool_type="max", kernel=pool, stride=pool)
    return found


def fused_text() -> Any:
    """Line of text through a bidirectional fused LSTM whose states begin at zero."""
    steps = sym.transpose(sym.squeeze(columns(), axis=2), axes=(2, 0, 1))
    cell = mx.rnn.FusedRNNCell(HIDDEN, num_layers=2, mode="lstm", bidirectional=True, prefix="lstm_")
    outputs, _ = cell.unroll(STEPS, steps, layout="TNC", merge_outputs=True)
    rows = dense(sym.Reshape(outputs, shape=(-1, 2 * HIDDEN)), "pred_fc", LETTERS)
    return sym.softmax(rows, name="softmax")


def trained_text() -> Any:
    """The same with the loss that MXNet's OCR example trains by: probabilities and the loss."""
    rows = fused_text().get_internals()["pred_fc_output"]
    steps = sym.Reshape(rows, shape=(STEPS, -1, LETTERS))
    loss = sym.contrib.ctc_loss(steps, variable("label"), name="ctc_loss")
    return sym.Group(
        [sym.MakeLoss(loss, name="loss"), sym.BlockGrad(sym.softmax(rows, name="softmax"), name="prob")]
    )


def unrolled_text(is_given: bool) -> Any:
    """Line of text through an unrolled LSTM; its first states are inputs, or zeros of the batch's length."""
    steps = sym.transpose(sym.squeeze(columns(), axis=2), axes=(0, 2, 1))
    cells = mx.rnn.BidirectionalCell(*(mx.rnn.LSTMCell(HIDDEN, prefix=f"{side}_") for side in "lr"))
    states = [variable(name) for name in STATES] if is_given else None
    outputs, _ = cells.unroll(STEPS, steps, begin_state=states, layout="NTC", merge_outputs=True)
    rows = dense(sym.Reshape(outputs, shape=(-1, 2 * HIDDEN)), "pred_fc", LETTERS)
    return sym.SoftmaxOutput(rows, variable("label"), name="softmax")


def siamese() -> Any:
    """Two pictures through the same layers; how alike they are."""
    trunks = [pooled(small_trunk(variable(side), f"{side}_")) for side in ("data", "right")]
    left, right = (sym.L2Normalization(dense(trunk, f"fc{i}", 64)) for i, trunk in enumerate(trunks))
    return sym.Group([left, right, sym.sum(left * right, axis=1, keepdims=True, name="similarity")])


def denoiser() -> Any:
    """DnCNN: seventeen layers, and the noise is subtracted."""
    data = variable()
    found = conv_relu(data, "1", 64, 3, 1, 1)
    for index in range(2, 17):
        found = conv(found, f"conv{index}", 64, 3, 1, 1, no_bias=True)
        found = relu(sym.BatchNorm(found, name=f"bn{index}", fix_gamma=False), f"relu{index}")
    return sym.elemwise_sub(data, conv(found, "conv17", 1, 3, 1, 1), name="clean")


def fcn(classes: int = 21) -> Any:
    """FCN-16s of MXNet's example/fcn-xs: upsampled by deconvolutions, cropped to the picture."""
    data = variable()
    fourth, found = vgg16(data)
    found = conv_relu(max_pool(found, "pool5"), "fc6", 4096, 7, 1, 3)
    score = conv(conv_relu(found, "fc7", 4096, 1), "score", classes, 1)
    wide = sym.Deconvolution(
        score, kernel=(4, 4), stride=(2, 2), adj=(1, 1), num_filter=classes, no_bias=True, name="score2"
    )
    fourth = max_pool(fourth, "pool4_again")
    summed = sym.Crop(wide, conv(fourth, "score_pool4", classes, 1), center_crop=True, name="score_pool4c")
    summed = summed + conv(fourth, "score_pool4_more", classes, 1)
    large = sym.Deconvolution(
        summed, kernel=(32, 32), stride=(16, 16), num_filter=classes, no_bias=True, name="bigscore"
    )
    cropped = sym.Crop(large, data, center_crop=True, name="upscore")
    return sym.SoftmaxOutput(cropped, multi_output=True, use_ignore=True, ignore_label=255, name="softmax")


def export_block(name: str, size: int, preprocess: bool, path: Path, seed: int) -> None:
    """Write a zoo network as gluoncv.utils.export_block does, with seeded weights."""
    gluoncv, sizes = import_gluoncv(), ((1, 3, size, size),)
    traced = live.trace_block(build_block(gluoncv, name, (), (size, size)), name, *sizes)
    weights = draw_weights(traced.block, traced.symbol, traced.shapes, live.name_inputs(sizes), seed)
    traced.block.initialize()
    traced.block(mx.nd.zeros(sizes[0]))
    for parameter in traced.block.collect_params().values():
        if parameter.name in weights:
            parameter.set_data(mx.nd.array(weights[parameter.name]))
    layout = "HWC" if preprocess else "CHW"
    shape = (size, size, 3) if preprocess else (3, size, size)
    gluoncv.utils.export_block(str(path), traced.block, shape, preprocess=preprocess, layout=layout)


def exported(name: str, size: int) -> list[UserNetwork]:
    """The two forms of export_block, with its own preprocessing (HWC) and without (CHW)."""
    made = []
    for preprocess, layout in ((True, "hwc"), (False, "chw")):
        shape = (1, size, size, 3) if preprocess else (1, 3, size, size)
        made.append(
            UserNetwork(
                f"export_block_{name}_{layout}", "gluoncv.utils.export_block",
                partial(export_block, name, size, preprocess), shape,
                RAW if preprocess else IMAGENET, is_written=True,
            )
        )  # fmt: skip
    return made


STATES = {f"{side}_init_{part}": np.zeros((1, HIDDEN), np.float32) for side in "lr" for part in "hc"}
LINE = (1, 1, 32, 4 * STEPS)
RIGHT = np.random.default_rng(3).random((1, 3, 105, 105), np.float32)

FAMILIES = (
    UserNetwork("ocr_fused_lstm", "MXNet example/ctc", fused_text, LINE, UNIT),
    UserNetwork("ocr_ctc_training", "MXNet example/ctc", trained_text, LINE, UNIT,
        labels={"label": (1, 6)}, head="prob"),
    UserNetwork("ocr_unrolled_states", "MXNet example/captcha", partial(unrolled_text, True), LINE, UNIT,
        further=STATES, labels={"label": (STEPS,)}),
    UserNetwork("ocr_unrolled_zeros", "MXNet example/captcha", partial(unrolled_text, False), LINE, UNIT,
        labels={"label": (STEPS,)}),
    UserNetwork("siamese", "self-made", siamese, (1, 3, 105, 105), UNIT, further={"right": RIGHT}),
    UserNetwork("denoiser", "DnCNN", denoiser, (1, 1, 120, 160), UNIT,
        ("--task", "image_to_image", "--image-range", "0,1", "--mean", "0", "--scale", "255")),
    UserNetwork("fcn16s", "MXNet example/fcn-xs", fcn, (1, 3, 256, 320), Scaling((123.68, 116.779, 103.939)),
        ("--mean", "123.68,116.779,103.939", "--scale", "1"), labels={"softmax_label": (1, 256, 320)}),
    *exported("resnet18_v1", 224),
    *exported("ssd_300_mobilenet0.25_voc", 300),
    *exported("yolo3_mobilenet0.25_voc", 320),
)  # fmt: skip
