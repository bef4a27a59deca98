"""Every MXNet operator that has a converter, in the uses that GluonCV's networks make of it and the odd ones.

A row is an operator, why it is here, its inputs and its attributes. All rows are run: MXNet's own numbers
against the converted operator. The uses marked "zoo" are those of GluonCV 0.10.5's 332 networks.
"""

from __future__ import annotations

from tests.exporters.mxnet.detection_rows import DETECTION, DETECTION_REFUSED
from tests.exporters.mxnet.operator_rows import Refused, Row
from tests.exporters.mxnet.operator_tables import (
    activations,
    indexing,
    layers,
    numbers,
    pools,
    proposals,
    ranges,
    refused,
    resizes,
    sampling,
    shapes,
)

ROWS: list[Row] = [
    *layers.CONVOLUTIONS,
    *layers.NORMALIZATIONS,
    *pools.POOLINGS,
    *resizes.RESIZES,
    *activations.ACTIVATIONS,
    *indexing.BOXES,
    *shapes.SHAPES,
    *indexing.INDEXING,
    *numbers.CREATION,
    *numbers.reductions(),
    *numbers.arithmetic(),
    *numbers.comparisons(),
    *numbers.logic(),
    *sampling.SAMPLING,
    *proposals.PROPOSALS,
    *DETECTION,
]
REFUSED: list[Refused] = [
    *refused.REFUSED,
    *sampling.SAMPLING_REFUSED,
    *proposals.PROPOSALS_REFUSED,
    *DETECTION_REFUSED,
]
OUT_OF_RANGE: list[Refused] = ranges.OUT_OF_RANGE
"""Values that make no sense in any network; the page of operators does not list them."""
