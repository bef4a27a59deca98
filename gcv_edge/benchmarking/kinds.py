"""What a layer does, in words that MXNet's operators and OpenVINO's layers share."""

from __future__ import annotations

import re

CONVOLUTION = "convolution"
NORMALISATION = "normalisation"
ACTIVATION = "activation"
ADDITION = "addition"
POOLING = "pooling"
QUANTISATION = "quantisation"
MOVING = "moving data"
ARITHMETIC = "arithmetic"
RESIZING = "resizing"
BOXES = "boxes"
OTHER = "other"

PATTERNS = (
    (BOXES, r"box_|multibox|roialign|roipooling|proposal|nonmax|topk|argsort"),
    (QUANTISATION, r"quanti[sz]e(_v2)?$|fakequant|^convert"),
    (CONVOLUTION, r"conv|fully_?connected|matmul|batch_dot|\bdot\b|innerproduct"),
    (NORMALISATION, r"norm|^mvn$"),
    (ACTIVATION, r"relu|activation|sigmoid|softmax|^clip$|^clamp$|^elu$|swish|tanh"),
    (ADDITION, r"^(quantized_)?(elemwise_add|broadcast_add|add_n|_plus|add|eltwise)$"),
    (POOLING, r"pool|^reducemean$|^mean$"),
    (RESIZING, r"resize|upsampling|interpolate"),
    (
        ARITHMETIC,
        r"_scalar$|^elemwise_|^broadcast_(mul|div|sub|min|max|mod|equal|less|great)|^subgraph$"
        r"|^(multiply|subtract|divide|exp|power|sqrt|square|floor|maximum|minimum|where|select)$",
    ),
    (
        MOVING,
        r"reorder|concat|reshape|transpose|slice|split|flatten|squeeze|expand_dims|swapaxis|gather|stack|tile"
        r"|^broadcast(_like|_axis|_to)?$|copy|identity|^repeat$|^pad$",
    ),
)
"""The first that is found in a layer's type decides. OpenVINO's subgraphs are what is left of arithmetic,
activations and additions when the rest was fused into convolutions."""

KINDS = (*dict.fromkeys(kind for kind, _ in PATTERNS), OTHER)


def find_kind(layer: str) -> str:
    """Say what layers of a type do.

    Args:
        layer: type as the engine calls it: ``_sg_mkldnn_conv``, ``GroupConvolution``.
    """
    name = layer.lower().removeprefix("_contrib_").removeprefix("_sg_mkldnn_")
    return next((kind for kind, pattern in PATTERNS if re.search(pattern, name)), OTHER)
