"""Uses that must be refused, and the text of the error."""

from __future__ import annotations

from gcv_edge.exporters.mxnet import operators as _operators  # noqa: F401  (registers the reasons)
from gcv_edge.exporters.mxnet.registry import REASONS
from tests.exporters.mxnet.operator_rows import Refused, data, refused, weight
from tests.exporters.mxnet.operator_tables.common import ANCHORS, DELTAS, IMAGE, PLAIN, STATISTICS

FILTER = (weight(4, 3, 3, 3), weight(4))


REFUSED: list[Refused] = [
    refused(
        "Convolution 'node': layout='NHWC' is not supported",
        "Convolution",
        "channels last",
        IMAGE,
        *FILTER,
        kernel=(3, 3),
        num_filter=4,
        layout="NHWC",
    ),
    refused(
        "Convolution 'node': foo='1' is not supported",
        "Convolution",
        "unknown attribute",
        IMAGE,
        *FILTER,
        kernel=(3, 3),
        num_filter=4,
        foo=1,
    ),
    refused(
        "Convolution 'node': kernel is missing", "Convolution", "no kernel", IMAGE, *FILTER, num_filter=4
    ),
    refused(
        "Convolution 'node': stride='(1, 1, 1)'",
        "Convolution",
        "stride of another rank",
        IMAGE,
        *FILTER,
        kernel=(3, 3),
        num_filter=4,
        stride=(1, 1, 1),
    ),
    refused(
        "Deconvolution 'node': target_shape='(99, 99)'",
        "Deconvolution",
        "too large a target",
        IMAGE,
        weight(3, 4, 4, 4),
        kernel=(4, 4),
        stride=(2, 2),
        num_filter=4,
        target_shape=(99, 99),
    ),
    refused(
        "Pooling 'node': pooling_convention='same' is not supported",
        "Pooling",
        "same",
        IMAGE,
        kernel=(2, 2),
        pooling_convention="same",
    ),
    refused(
        "Pooling 'node': pool_type='lp' is not supported",
        "Pooling",
        "lp",
        IMAGE,
        kernel=(2, 2),
        pool_type="lp",
        p_value=2,
    ),
    refused(
        "Pooling 'node': layout='NHWC' is not supported",
        "Pooling",
        "channels last",
        IMAGE,
        kernel=(2, 2),
        layout="NHWC",
    ),
    refused(
        "BatchNorm 'node': output_mean_var='True' is not supported",
        "BatchNorm",
        "statistics",
        IMAGE,
        *STATISTICS,
        output_mean_var=True,
    ),
    refused(
        "LayerNorm 'node': axis='3' is not supported",
        "LayerNorm",
        "an axis that is not there",
        PLAIN,
        weight(3),
        weight(3),
        axis=3,
    ),
    refused(
        "GroupNorm 'node': output_mean_var='True' is not supported",
        "GroupNorm",
        "statistics",
        IMAGE,
        weight(1),
        weight(1),
        output_mean_var=True,
    ),
    refused("norm 'node': ord='3' is not supported", "norm", "another norm", PLAIN, ord=3, axis=1),
    refused("norm 'node': ord='1' is not supported", "norm", "a matrix norm", IMAGE, ord=1, axis=(2, 3)),
    refused(
        "_linalg_gemm2 'node': axis='0' is not supported",
        "_linalg_gemm2",
        "other axes",
        data(3, 2, 4),
        data(4, 2, 5),
        axis=0,
    ),
    refused("pick 'node': axis='None' is not supported", "pick", "of all", PLAIN, data(1), axis=None),
    refused("sort 'node': axis='None' is not supported", "sort", "of all values", PLAIN, axis=None),
    refused("Crop 'node': h_w='(9, 9)' is not supported", "Crop", "too large", IMAGE, num_args=1, h_w=(9, 9)),
    refused(
        "_split_v2 'node': indices='(1, 2)' is not supported",
        "_split_v2",
        "without the beginning",
        PLAIN,
        indices=(1, 2),
    ),
    refused(
        "LayerNorm 'node': output_mean_var='True' is not supported",
        "LayerNorm",
        "statistics",
        PLAIN,
        weight(4),
        weight(4),
        output_mean_var=True,
    ),
    refused(
        "Activation 'node': act_type='mish' is not supported", "Activation", "mish", IMAGE, act_type="mish"
    ),
    refused(
        "LeakyReLU 'node': act_type='swish' is not supported", "LeakyReLU", "swish", IMAGE, act_type="swish"
    ),
    refused("LeakyReLU 'node': act_type='prelu'", "LeakyReLU", "no slopes", IMAGE, act_type="prelu"),
    refused(
        "softmax 'node': use_length='True' is not supported", "softmax", "lengths", PLAIN, use_length=True
    ),
    refused(
        "Dropout 'node': mode='always' is not supported", "Dropout", "at inference too", IMAGE, mode="always"
    ),
    refused(
        "_contrib_BilinearResize2D 'node': mode='to_even_up' is not supported",
        "_contrib_BilinearResize2D",
        "to even",
        IMAGE,
        mode="to_even_up",
    ),
    refused(
        "UpSampling 'node': num_args='2' is not supported",
        "UpSampling",
        "nearest of two inputs",
        IMAGE,
        IMAGE,
        scale=2,
        sample_type="nearest",
        num_args=2,
    ),
    refused("Reshape 'node': shape=(5, -1)", "Reshape", "does not divide", data(2, 3), shape=(5, -1)),
    refused("Reshape 'node': shape=(4, 2)", "Reshape", "more elements", data(2, 3), shape=(4, 2)),
    refused(
        "reshape_like 'node': 6 elements are not 8", "reshape_like", "more elements", data(2, 3), data(8)
    ),
    refused("Reshape 'node': shape=(-5,)", "Reshape", "a code without meaning", data(2, 3), shape=(-5,)),
    refused(
        "Reshape 'node': shape=(0, 0, 0)", "Reshape", "more codes than axes", data(2, 3), shape=(0, 0, 0)
    ),
    refused("Reshape 'node': shape=(-4, 2)", "Reshape", "-4 without its numbers", data(4, 3), shape=(-4, 2)),
    refused("Reshape 'node': shape=(-4, 2, 3)", "Reshape", "-4 into too few", data(12), shape=(-4, 2, 3)),
    refused(
        "Reshape 'node': shape=(-4, -1, -1)", "Reshape", "-4 into anything", data(12), shape=(-4, -1, -1)
    ),
    refused("Reshape 'node': shape=(-4, -1, 5)", "Reshape", "-4 with a rest", data(12), shape=(-4, -1, 5)),
    refused("Reshape 'node': shape=(-4, 0, 2)", "Reshape", "-4 into nothing", data(12), shape=(-4, 0, 2)),
    refused(
        "Reshape 'node': keep_highest='True'",
        "Reshape",
        "old files",
        data(2, 3, 4),
        target_shape=(0, 12),
        keep_highest=True,
    ),
    refused(
        "Pad 'node': mode='symmetric' is not supported",
        "Pad",
        "symmetric",
        IMAGE,
        mode="symmetric",
        pad_width=(0,) * 8,
    ),
    refused("take 'node': mode='raise' is not supported", "take", "raise", data(3, 4), data(2), mode="raise"),
    refused("topk 'node': ret_typ='mask' is not supported", "topk", "mask", PLAIN, ret_typ="mask"),
    refused("topk 'node': axis='None' is not supported", "topk", "of all values", data(3, 4), axis=None),
    refused(
        "argsort 'node': axis='None' is not supported", "argsort", "of all values", data(3, 4), axis=None
    ),
    refused(
        "_arange 'node': infer_range='True' is not supported",
        "_arange",
        "of inferred length",
        infer_range=True,
        start=0,
    ),
    refused(
        "Cast 'node': dtype='bfloat16' is not supported",
        "Cast",
        "a type of later versions",
        PLAIN,
        dtype="bfloat16",
    ),
    refused(
        "_contrib_box_decode 'node': format='yxyx' is not supported",
        "_contrib_box_decode",
        "another format",
        DELTAS,
        ANCHORS,
        format="yxyx",
    ),
    refused("elemwise_add 'node': 3 inputs", "elemwise_add", "three inputs", PLAIN, PLAIN, PLAIN),
    *(
        refused(f"{name} 'node': {reason}", name, "cannot be converted", PLAIN)
        for name, reason in REASONS.items()
    ),
    refused(
        "_random_normal 'node': it draws random numbers, which an exported network cannot",
        "_random_normal",
        "noise of a generator",
        shape=(1, 3),
    ),
    refused("FooBar 'node': this MXNet operator is not supported", "FooBar", "unknown operator", PLAIN),
    refused(
        "Convolutio 'node': this MXNet operator is not supported (the nearest that is: Convolution)",
        "Convolutio",
        "a near miss",
        PLAIN,
    ),
    refused("_plus_scalar 'node': scalar='x'", "_plus_scalar", "not a number", PLAIN, scalar="x"),
    refused("slice_axis 'node': axis='7'", "slice_axis", "no such axis", PLAIN, axis=7, begin=0, end=1),
    refused("batch_dot 'node'", "batch_dot", "sizes that do not fit", data(2, 3, 4), data(2, 3, 4)),
]
