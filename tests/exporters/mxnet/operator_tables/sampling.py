"""Spatial transformers, correlation, sequences, recurrent layers."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import Row, data, refused, row, weight
from tests.exporters.mxnet.operator_tables.common import IMAGE

GRID = data("N", 2, 5, 4, values="small")
FAR = data("N", 2, 5, 4)
AFFINE = data("N", 6, values="is:0.9 0.2 -0.1 -0.3 1.1 0.2")
TURNED = {"transform_type": "affine", "sampler_type": "bilinear"}
STEPS, LENGTHS = data(5, "N", 3), data("N", values="is:2 5 1")
OWN = {"use_sequence_length": True}


def recurrent(mode: str, why: str, count: int, states: int, **attrs: object) -> Row:
    """Write a row of RNN: 4 inputs, ``count`` parameters, as many states as layers and directions."""
    width = attrs.get("state_size", 3)
    begin = [data(states, "N", width)] * (2 if mode == "lstm" else 1)
    steps = data(5, "N", 4), weight(count, values="small")
    return row(
        "RNN", f"{mode}: {why}", *steps, *begin, mode=mode, **{"state_size": 3, "num_layers": 1, **attrs}
    )


SAMPLING = [
    row("_rnn_param_concat", "parameters", data(3), data(5), dim=0, num_args=2),
    recurrent("lstm", "a layer", 108, 1),
    recurrent("lstm", "two layers, states", 204, 2, num_layers=2, state_outputs=True, outputs=3, p=0.2),
    recurrent("lstm", "both directions", 216, 2, bidirectional=True),
    recurrent("lstm", "both directions, two layers", 480, 4, num_layers=2, bidirectional=True),
    recurrent("gru", "a layer", 81, 1),
    recurrent("gru", "both directions, states", 162, 2, bidirectional=True, state_outputs=True, outputs=2),
    recurrent("rnn_tanh", "a layer", 27, 1),
    recurrent("rnn_relu", "both directions, two layers", 120, 4, num_layers=2, bidirectional=True),
    row("BilinearSampler", "inside", IMAGE, GRID),
    row("BilinearSampler", "beyond the edges", IMAGE, FAR, cudnn_off=True),
    row("GridGenerator", "affine", AFFINE, transform_type="affine", target_shape=(5, 4)),
    row("GridGenerator", "warp", data("N", 2, 5, 4, values="wide"), transform_type="warp"),
    row("SpatialTransformer", "affine", IMAGE, AFFINE, target_shape=(5, 4), **TURNED),
    row("SpatialTransformer", "far outside", IMAGE, data("N", 6), target_shape=(7, 8), **TURNED),
    row("Correlation", "defaults", IMAGE, IMAGE),
    row(
        "Correlation",
        "FlowNet: padded, every second displacement",
        *(IMAGE, data("N", 3, 7, 8)),
        kernel_size=1,
        max_displacement=4,
        stride1=1,
        stride2=2,
        pad_size=4,
        is_multiply=True,
    ),
    row(
        "Correlation",
        "patches, strides, distances",
        *(IMAGE, data("N", 3, 7, 8)),
        kernel_size=3,
        max_displacement=2,
        stride1=2,
        stride2=2,
        pad_size=3,
        is_multiply=False,
    ),
    row(
        "Correlation",
        "a reach that the steps do not divide",
        *(IMAGE, IMAGE),
        kernel_size=3,
        max_displacement=3,
        stride1=1,
        stride2=2,
        pad_size=3,
    ),
    row("SequenceMask", "nothing without lengths", STEPS),
    row("SequenceMask", "zeros behind the end", STEPS, LENGTHS, **OWN),
    row("SequenceMask", "a number, axis 1", data("N", 5, 3), LENGTHS, axis=1, value=-2.5, **OWN),
    row("SequenceMask", "vectors", data(5, "N"), LENGTHS, value=9, **OWN),
    row("SequenceLast", "of all steps", STEPS),
    row("SequenceLast", "own lengths", STEPS, LENGTHS, **OWN),
    row("SequenceLast", "axis 1", data("N", 5, 3, 2), LENGTHS, axis=1, **OWN),
    row("SequenceReverse", "all steps", STEPS),
    row("SequenceReverse", "own lengths", STEPS, LENGTHS, **OWN),
]

SAMPLING_REFUSED = [
    refused(
        "RNN 'node': projection_size='2' is not supported",
        "RNN",
        "projected states",
        *(STEPS, weight(9), data(1, "N", 3), data(1, "N", 3)),
        mode="lstm",
        state_size=3,
        num_layers=1,
        projection_size=2,
    ),
    refused(
        "RNN 'node': use_sequence_length='True' is not supported",
        "RNN",
        "sequences of unequal length",
        *(STEPS, weight(9), data(1, "N", 3), LENGTHS),
        mode="gru",
        state_size=3,
        num_layers=1,
        use_sequence_length=True,
    ),
    refused(
        "SpatialTransformer 'node': target_shape='(0, 0)' is not supported",
        "SpatialTransformer",
        "no size",
        IMAGE,
        AFFINE,
        target_shape=(0, 0),
        **TURNED,
    ),
    refused(
        "Correlation 'node': kernel_size='2' is not supported",
        "Correlation",
        "an even patch",
        IMAGE,
        IMAGE,
        kernel_size=2,
    ),
    refused(
        "Correlation 'node': max_displacement='9' is not supported",
        "Correlation",
        "no room",
        IMAGE,
        IMAGE,
        max_displacement=9,
    ),
    refused(
        "SequenceMask 'node': use_sequence_length='False' is not supported",
        "SequenceMask",
        "lengths for nothing",
        STEPS,
        LENGTHS,
        use_sequence_length=False,
    ),
    refused("SequenceLast 'node': axis='2' is not supported", "SequenceLast", "no time axis", STEPS, axis=2),
]
