"""Operators that cannot be part of an exported network, and why.

Networks that contain one must be exported without it: the reason is all that an export of them says.
"""

from __future__ import annotations

from gcv_edge.exporters.mxnet.registry import refuses

refuses(
    "it draws random numbers, which an exported network cannot: make the noise a parameter, or leave it out",
    "_random_normal",
    "_random_uniform",
    "_random_gamma",
    "_random_exponential",
    "_random_poisson",
    "_random_randint",
    "_random_normal_like",
    "_random_uniform_like",
    "normal",
    "uniform",
    "_sample_normal",
    "_sample_uniform",
    "_sample_multinomial",
    "_shuffle",
)
refuses(
    "it runs Python code of the network's own, which only MXNet can call: export the network up to it",
    "Custom",
    "_CustomFunction",
    "_Native",
    "_NDArray",
)
refuses(
    "it loops or branches over a network of its own: export the body alone",
    "_foreach",
    "_while_loop",
    "_cond",
)
refuses(
    "its result has a shape that depends on the numbers: export the network up to it",
    "_contrib_boolean_mask",
)
refuses(
    "it belongs to training alone: export the outputs for inference, without it",
    "_contrib_MultiBoxTarget",
    "_contrib_box_encode",
    "_contrib_bipartite_matching",
    "CTCLoss",
    "ctc_loss",
    "_contrib_CTCLoss",
    "softmax_cross_entropy",
)
refuses(
    "MXNet computes it on a GPU only, so that there is nothing to hold an export against",
    "_contrib_DeformablePSROIPooling",
)
refuses(
    "regions at an angle have no counterpart in ONNX",
    "_contrib_RROIAlign",
)
refuses(
    "MXNet 1.9.1 computes it wrongly itself (range and bias in other units): quantise with the oneDNN layers "
    "fused, as MXNet does unless MXNET_DISABLE_MKLDNN_CONV_OPT is set",
    "_contrib_quantized_conv",
)
