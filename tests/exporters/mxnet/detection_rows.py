"""Rows of the operators that detectors alone use (see operator_table)."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import data, refused, row

IMAGE = data("N", 3, 7, 8)
PROPOSALS = data("N", 40, 5, values="proposals")
REGIONS = data(6, 5, values="regions:1")
RPN = {"id_index": -1, "score_index": 0, "coord_start": 1}

DETECTION = [
    row("_contrib_arange_like", "columns of maps", IMAGE, axis=3),
    row("_contrib_arange_like", "from a start, by steps", IMAGE, axis=-2, start=2, step=0.5),
    row("_contrib_box_nms", "zoo: RPN", PROPOSALS, overlap_thresh=0.3, topk=30, force_suppress=True, **RPN),
    row("_contrib_box_nms", "no limit", PROPOSALS, overlap_thresh=0.1, **RPN),
    row("_contrib_box_nms", "a threshold", PROPOSALS, overlap_thresh=0.7, valid_thresh=0.2, topk=25, **RPN),
    row("_contrib_box_nms", "zoo: sorting alone", PROPOSALS, overlap_thresh=2.0, topk=10, **RPN),
    row("_contrib_box_nms", "one is kept", PROPOSALS, overlap_thresh=1e-6, topk=1, **RPN),
    row(
        "_contrib_ROIAlign",
        "zoo: 2x2 samples",
        IMAGE,
        REGIONS,
        pooled_size=(3, 2),
        spatial_scale=0.125,
        sample_ratio=2,
    ),
    row(
        "_contrib_ROIAlign",
        "beyond the edges",
        IMAGE,
        REGIONS,
        pooled_size=(2, 2),
        spatial_scale=0.25,
        sample_ratio=2,
    ),
    row(
        "_contrib_ROIAlign",
        "as many samples as it takes",
        IMAGE,
        REGIONS,
        pooled_size=(2, 2),
        spatial_scale=0.25,
    ),
    row(
        "_contrib_ROIAlign",
        "of two pictures",
        data(2, 3, 7, 8),
        data(6, 5, values="regions:2"),
        pooled_size=(2, 2),
        spatial_scale=0.125,
        sample_ratio=1,
    ),
    row(
        "_contrib_ROIAlign",
        "aligned",
        IMAGE,
        REGIONS,
        pooled_size=(3, 3),
        spatial_scale=0.125,
        sample_ratio=2,
        aligned=True,
    ),
]

DETECTION_REFUSED = [
    refused(
        "_contrib_box_nms 'node': id_index='0' is not supported",
        "_contrib_box_nms",
        "rows of classes",
        data(1, 8, 6),
        id_index=0,
        score_index=1,
        coord_start=2,
    ),
    refused(
        "_contrib_box_nms 'node': in_format='center' is not supported",
        "_contrib_box_nms",
        "centres",
        PROPOSALS,
        in_format="center",
        **RPN,
    ),
    refused(
        "_contrib_box_nms 'node': overlap_thresh='0' is not supported",
        "_contrib_box_nms",
        "any overlap",
        PROPOSALS,
        overlap_thresh=0,
        **RPN,
    ),
    refused(
        "_contrib_ROIAlign 'node': position_sensitive='True' is not supported",
        "_contrib_ROIAlign",
        "position-sensitive",
        IMAGE,
        REGIONS,
        pooled_size=(2, 2),
        spatial_scale=1,
        position_sensitive=True,
    ),
]
