"""Attributes that are numbers of the right type, but make no sense or ask for far too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.exporters.mxnet.operator_rows import Input, Refused, data, refused, weight
from tests.exporters.mxnet.operator_tables.common import IMAGE, PLAIN, STATISTICS

BILLION = 1_000_000_000
CHANNELS = 3
FILTER = (weight(4, CHANNELS, 3, 3), weight(4))
RATIO = "1e-06 or more each"


@dataclass(frozen=True)
class Use:
    """An operator in a use that is right, and what may not stand in place of its attributes.

    Attributes:
        wrong: attribute, values, and what the error expects instead.
    """

    op: str
    inputs: tuple[Input, ...]
    wrong: tuple[tuple[str, tuple[object, ...], str], ...]
    attrs: dict[str, object] = field(default_factory=dict)

    def rows(self) -> Iterator[Refused]:
        """Make a row for each wrong value."""
        for key, values, expected in self.wrong:
            for value in values:
                message = f"{self.op} 'node': {key}='{value}' is not supported, expected {expected}"
                yield refused(message, self.op, f"{key}={value}", *self.inputs, **{**self.attrs, key: value})


LAYERS = (
    Use(
        "Convolution",
        (IMAGE, *FILTER),
        (
            ("kernel", ((0, 3), (-3, 3), (BILLION, 3)), "1 to 65536 each"),
            ("stride", ((0, 1), (1, -1), (BILLION, 1)), "1 to 65536 each"),
            ("dilate", ((0, 0), (-1, 1), (100_000, 1)), "1 to 65536 each"),
            ("pad", ((-1, 0), (0, BILLION)), "0 to 65536 each"),
            ("num_filter", (0, -4), "1 or more"),
            ("num_group", (0, -1), "1 or more"),
            ("num_group", (3,), "a divisor of 4"),
            ("num_group", (2,), f"a divisor of {CHANNELS}"),
        ),
        {"kernel": (3, 3), "num_filter": 4},
    ),
    Use(
        "Pooling",
        (IMAGE,),
        (
            ("kernel", ((0, 2), (2, -2)), "1 to 65536 each"),
            ("stride", ((0, 1), (-2, 2)), "1 to 65536 each"),
            ("pad", ((-1, 0), (BILLION, 0)), "0 to 65536 each"),
        ),
        {"kernel": (2, 2), "pool_type": "avg"},
    ),
    Use("BatchNorm", (IMAGE, *STATISTICS), (("eps", (-1, "nan", "inf"), "0 or more"),)),
    Use("InstanceNorm", (IMAGE, weight(3), weight(3)), (("eps", (-0.1, "nan"), "0 or more"),)),
    Use("LRN", (IMAGE,), (("nsize", (0, -3), "1 to 65536"), ("nsize", (4,), "an odd number"))),
    Use(
        "FullyConnected",
        (PLAIN, weight(5, 4)),
        (("num_hidden", (0, -5), "1 or more"),),
        {"no_bias": True},
    ),
    Use(
        "UpSampling",
        (IMAGE,),
        (("scale", (-1, 0, BILLION), "1 to 1000"),),
        {"sample_type": "nearest", "num_args": 1},
    ),
    Use("_contrib_AdaptiveAvgPooling2D", (IMAGE,), (("output_size", (0, (-1, 2)), "1 or more each"),)),
    Use("_contrib_BilinearResize2D", (IMAGE,), (("height", (0, -4), "1 or more"),), {"width": 4}),
)
SHAPES = (
    Use("expand_dims", (PLAIN,), (("axis", (9, -9, BILLION), "one of 4 axes"),)),
    Use("stack", (data(2, 3), data(2, 3)), (("axis", (4, -5), "one of 3 axes"),), {"num_args": 2}),
    Use("Concat", (data(2, 3), data(2, 3)), (("dim", (2, -3), "one of 2 axes"),), {"num_args": 2}),
    Use("transpose", (data(2, 3),), (("axes", ((0, 0), (0, 2)), "different ones of 2 axes"),)),
    Use("transpose", (data(2, 3),), (("axes", ((1,),), "all 2 axes"),)),
    Use("sum", (data(2, 3),), (("axis", ((1, 1), 2), "different ones of 2 axes"),)),
    Use("depth_to_space", (data(1, 4, 2, 2),), (("block_size", (0, -2), "1 to 65536"),)),
    Use("depth_to_space", (data(1, 4, 2, 2),), (("block_size", (3,), "a divisor of 4"),)),
    Use("tile", (data(2, 3),), (("reps", ((0, 1), (-1,)), "1 or more each"),)),
    Use("repeat", (data(2, 3),), (("repeats", (0, -1), "1 or more"),)),
    Use(
        "broadcast_to",
        (data(1, 3),),
        (("shape", ((-1, 3),), "0 or more each"), ("shape", ((2,),), "2 numbers")),
    ),
    Use(
        "Pad",
        (data(1, 1, 4, 4),),
        (
            ("pad_width", ((0, 0, 0, 0, -1, 0, 0, 0),), "0 or more each"),
            ("pad_width", ((0, 0, 0, 0, 4, 0, 0, 0),), "less than the lengths (1, 1, 4, 4)"),
            ("pad_width", ((0, 0),), "8 numbers"),
        ),
        {"mode": "reflect"},
    ),
    Use("slice", (data(4, 6),), (("step", ((0, 1),), "no 0"),), {"begin": (0, 0), "end": (4, 6)}),
    Use(
        "slice_axis",
        (data(4, 6),),
        (("begin", (6, -7), "-6 to 5"), ("end", (7, BILLION), "-6 to 6")),
        {"axis": 1, "begin": 0, "end": 2},
    ),
    Use("SliceChannel", (data(4, 6),), (("num_outputs", (0, -1), "1 or more"),)),
    Use("SliceChannel", (data(4, 6),), (("num_outputs", (4,), "a divisor of 6"),)),
    Use("_split_v2", (data(4, 6),), (("indices", ((), (0, 9)), "increasing numbers from 0 to 5"),)),
    Use("topk", (data(4, 6),), (("k", (7, BILLION), "at most 6"),)),
    Use("one_hot", (data(4),), (("depth", (0, -1), "1 or more"),)),
    Use(
        "_arange",
        (),
        (("step", (0, -1), "one that leads from 0 to 4"), ("repeat", (0,), "1 or more")),
        {"start": 0, "stop": 4},
    ),
)
DETECTORS = (
    Use(
        "_contrib_MultiBoxPrior",
        (IMAGE,),
        (
            ("ratios", ((-1,), (0, 1)), RATIO),
            ("sizes", ((0,), (-0.5,)), RATIO),
            ("steps", ((1,),), "2 numbers"),
        ),
    ),
    Use(
        "_contrib_ROIAlign",
        (IMAGE, data(2, 5)),
        (
            ("pooled_size", ((0, 2), (BILLION, 2)), "1 to 65536 each"),
            ("pooled_size", ((2,),), "2 numbers"),
            ("spatial_scale", (2, -1), "0 to 1"),
        ),
        {"pooled_size": (2, 2), "spatial_scale": 1},
    ),
    Use(
        "Correlation",
        (IMAGE, IMAGE),
        (
            ("kernel_size", (2,), "an odd number"),
            ("stride1", (0,), "1 to 65536"),
            ("stride2", (0, -1), "1 to 65536"),
            ("max_displacement", (-1,), "0 or more"),
            ("pad_size", (-1,), "0 to 65536"),
        ),
    ),
)

TOO_LARGE: list[Refused] = [
    refused(f"{op} 'node': {message} are too many, expected at most ", op, f"{attrs}", *inputs, **attrs)
    for op, inputs, attrs, message in (
        ("one_hot", (data(4),), {"depth": BILLION}, f"{BILLION} elements of constants"),
        ("_full", (), {"shape": (3 * BILLION,), "value": 1}, f"{3 * BILLION} elements of constants"),
        ("_zeros", (), {"shape": (BILLION, 2)}, f"{2 * BILLION} elements of constants"),
        ("_ones", (), {"shape": (BILLION, BILLION)}, f"{BILLION**2} elements of constants"),
        ("_eye", (), {"N": 100_000}, "10000000000 elements of constants"),
        ("_arange", (), {"start": 0, "stop": BILLION}, f"{BILLION} elements of constants"),
        ("_arange", (), {"start": 0, "stop": 2, "repeat": BILLION}, f"{2 * BILLION} elements of constants"),
        ("SliceChannel", (data(2, 4),), {"num_outputs": BILLION}, f"{BILLION} outputs"),
        ("_split_v2", (data(2, 4),), {"indices": (), "sections": BILLION}, f"{BILLION} outputs"),
        ("tile", (data(2, 4),), {"reps": (BILLION,)}, f"{8 * BILLION} elements of a tensor"),
        ("repeat", (data(2, 4),), {"repeats": BILLION, "axis": 0}, f"{8 * BILLION} elements of a tensor"),
        ("broadcast_to", (data(1, 4),), {"shape": (BILLION, 4)}, f"{4 * BILLION} elements of a tensor"),
        (
            "broadcast_axis",
            (data(1, 4),),
            {"axis": 0, "size": BILLION},
            f"{4 * BILLION} elements of a tensor",
        ),
        (
            "Pad",
            (data(1, 1, 2, 2),),
            {"mode": "constant", "pad_width": (0, 0, 0, 0, 0, 0, 0, BILLION)},
            f"{2 * (BILLION + 2)} elements of a tensor",
        ),
        (
            "_contrib_AdaptiveAvgPooling2D",
            (IMAGE,),
            {"output_size": BILLION},
            "15000000000 elements of constants",
        ),
        ("Correlation", (IMAGE, IMAGE), {"max_displacement": 10_000}, "1200120003 operators"),
        (
            "GridGenerator",
            (data(1, 6),),
            {"transform_type": "affine", "target_shape": (100_000, 100_000)},
            "30000000000 elements of constants",
        ),
    )
]
OUT_OF_RANGE: list[Refused] = [
    *(row for use in (*LAYERS, *SHAPES, *DETECTORS) for row in use.rows()),
    *TOO_LARGE,
]
