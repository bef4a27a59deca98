"""What layers do, by the names that engines have for them."""

from __future__ import annotations

import pytest

from gcv_edge.benchmarking.kinds import KINDS, find_kind


@pytest.mark.parametrize(
    ("layers", "kind"),
    [
        ("Convolution _sg_mkldnn_conv GroupConvolution ConvolutionBackpropData Deconvolution", "convolution"),
        ("FullyConnected _sg_mkldnn_fully_connected MatMul batch_dot", "convolution"),
        ("BatchNorm _contrib_SyncBatchNorm L2Normalization NormalizeL2 MVN", "normalisation"),
        ("Activation LeakyReLU relu clip Sigmoid softmax", "activation"),
        ("elemwise_add _contrib_quantized_elemwise_add broadcast_add Add add_n", "addition"),
        ("Pooling _contrib_quantized_pooling _contrib_AdaptiveAvgPooling2D MaxPool ReduceMean", "pooling"),
        ("_contrib_quantize_v2 _contrib_dequantize _contrib_requantize FakeQuantize Convert", "quantisation"),
        ("Concat Reorder transpose slice_axis Flatten VariadicSplit broadcast_like", "moving data"),
        ("_mul_scalar broadcast_mul Subgraph Multiply elemwise_mul", "arithmetic"),
        ("_contrib_BilinearResize2D UpSampling Interpolate", "resizing"),
        ("_contrib_box_nms _contrib_ROIAlign topk", "boxes"),
        ("Dropout _arange Result", "other"),
    ],
)
def test_kinds(layers: str, kind: str) -> None:
    assert {layer: find_kind(layer) for layer in layers.split()} == dict.fromkeys(layers.split(), kind)
    assert kind in KINDS
