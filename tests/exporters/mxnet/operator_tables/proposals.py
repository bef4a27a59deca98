"""Anchors, detections and proposals of MXNet's own SSD, R-CNN and R-FCN examples."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import Row, data, refused, row, weight
from tests.exporters.mxnet.operator_tables.common import IMAGE

PRIOR, DETECTION = "_contrib_MultiBoxPrior", "_contrib_MultiBoxDetection"
PROBABILITIES, OFFSETS = data("N", 4, 20, values="uniform"), data("N", 80)
ANCHORS = weight(1, 20, 4, values="anchors")
PICTURES = "is:48 60 1 41 64 1.5 30 33 0.7"
RPN = {"feature_stride": 16, "scales": (1, 2), "ratios": (0.5, 1, 2), "rpn_min_size": 8}
PSROI, ALIGN = "_contrib_PSROIPooling", "_contrib_ROIAlign"


def detection(why: str, **attrs: object) -> Row:
    """Write a row of MultiBoxDetection."""
    return row(DETECTION, why, PROBABILITIES, OFFSETS, ANCHORS, **attrs)


def proposals(op: str, why: str, batch: int | str, **attrs: object) -> Row:
    """Write a row of Proposal or MultiProposal."""
    maps = data(batch, 12, 3, 4, values="uniform"), data(batch, 24, 3, 4, values="small")
    return row(op, why, *maps, data(batch, 3, values=PICTURES), **{**RPN, **attrs})


PROPOSALS = [
    row(PRIOR, "defaults", IMAGE),
    row(PRIOR, "example/ssd", IMAGE, sizes=(0.2, 0.272), ratios=(1, 2, 0.5), clip=False),
    row(PRIOR, "clipped", IMAGE, sizes=(0.9,), ratios=(1, 3), clip=True),
    row(PRIOR, "steps and offsets", IMAGE, sizes=(0.3,), ratios=(1,), steps=(0.1, 0.2), offsets=(0.2, 0.7)),
    row(PRIOR, "first ratio is not 1", IMAGE, sizes=(0.3, 0.5), ratios=(2, 1, 0.5), steps=(-1, -1)),
    detection("defaults"),
    detection("example/ssd", nms_threshold=0.45, nms_topk=400, variances=(0.1, 0.1, 0.2, 0.2)),
    detection("cut before suppression", nms_topk=7, nms_threshold=0.3),
    detection("classes together", force_suppress=True, nms_threshold=0.3),
    detection("unclipped, unlike variances", clip=False, variances=(0.1, 0.2, 0.3, 0.4)),
    detection("a threshold", threshold=0.8),
    detection("a threshold, cut", threshold=0.8, nms_topk=3, nms_threshold=0.2),
    detection("no suppression", nms_threshold=-1, nms_topk=5),
    detection("background_id says nothing", background_id=-1, nms_threshold=0.4),
    row(DETECTION, "computed anchors", PROBABILITIES, OFFSETS, data(1, 20, 4, values="anchors")),
    row(
        "_contrib_Proposal",
        "defaults",
        *(
            data(1, 24, 3, 4, values="uniform"),
            data(1, 48, 3, 4, values="small"),
            data(1, 3, values=PICTURES),
        ),
    ),
    proposals("_contrib_Proposal", "as many as there are", 1, rpn_post_nms_top_n=10, threshold=0.5),
    proposals("_contrib_Proposal", "too few: repeated", 1, rpn_post_nms_top_n=90, threshold=0.3),
    proposals("_contrib_Proposal", "cut before", 1, rpn_pre_nms_top_n=12, rpn_post_nms_top_n=20),
    proposals("_contrib_Proposal", "with scores", 1, rpn_post_nms_top_n=70, output_score=True, outputs=2),
    proposals("_contrib_Proposal", "large ones only", 1, rpn_min_size=30, rpn_post_nms_top_n=60),
    proposals("_contrib_Proposal", "corners move", 1, iou_loss=True, rpn_post_nms_top_n=20),
    proposals("_contrib_Proposal", "no suppression", 1, threshold=1.0, rpn_post_nms_top_n=75),
    proposals("_contrib_MultiProposal", "of a batch", "N", rpn_post_nms_top_n=15, threshold=0.5),
    proposals("_contrib_MultiProposal", "too few", "N", rpn_post_nms_top_n=90, threshold=0.3),
    proposals(
        "_contrib_MultiProposal", "with scores", "N", rpn_post_nms_top_n=9, output_score=True, outputs=2
    ),
    proposals("_contrib_MultiProposal", "cut before", "N", rpn_pre_nms_top_n=9, rpn_post_nms_top_n=12),
    row(
        PSROI,
        "as in R-FCN",
        *(data(1, 18, 7, 8), data(6, 5, values="regions:1")),
        spatial_scale=0.125,
        output_dim=2,
        pooled_size=3,
        group_size=3,
    ),
    row(
        PSROI,
        "of two pictures, beyond the edges",
        *(data(2, 8, 7, 8), data(6, 5, values="regions:2")),
        spatial_scale=0.25,
        output_dim=2,
        pooled_size=2,
    ),
    row(
        PSROI,
        "fewer groups than cells",
        *(data(1, 12, 7, 8), data(6, 5, values="regions:1")),
        spatial_scale=0.125,
        output_dim=3,
        pooled_size=4,
        group_size=2,
    ),
    row(
        ALIGN,
        "position-sensitive",
        *(data(1, 12, 7, 8), data(6, 5, values="regions:1")),
        pooled_size=(3, 2),
        spatial_scale=0.125,
        sample_ratio=2,
        position_sensitive=True,
    ),
]

PROPOSALS_REFUSED = [
    refused(
        "_contrib_MultiBoxDetection 'node': variances='(0.1, 0.2)' is not supported",
        DETECTION,
        "two variances",
        PROBABILITIES,
        OFFSETS,
        ANCHORS,
        variances=(0.1, 0.2),
    ),
    refused(
        "_contrib_MultiBoxPrior 'node': sizes='()' is not supported", PRIOR, "no sizes", IMAGE, sizes="()"
    ),
    refused(
        "_contrib_Proposal 'node': threshold='0' is not supported",
        "_contrib_Proposal",
        "any overlap",
        data(1, 24, 3, 4),
        data(1, 48, 3, 4),
        data(1, 3),
        threshold=0,
    ),
    refused(
        "_contrib_ROIAlign 'node': pooled_size='(2, 2)' is not supported",
        ALIGN,
        "channels that the cells do not divide",
        IMAGE,
        data(6, 5, values="regions:1"),
        pooled_size=(2, 2),
        spatial_scale=1,
        position_sensitive=True,
    ),
]
