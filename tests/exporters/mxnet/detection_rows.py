"""Rows of the operators that detectors alone use (see operator_table)."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import data, refused, row, weight

IMAGE = data("N", 3, 7, 8)
PROPOSALS = data("N", 40, 5, values="proposals")
REGIONS = data(6, 5, values="regions:1")
RPN = {"id_index": -1, "score_index": 0, "coord_start": 1}

FILTERS = (weight(4, 6, 3, 3), weight(4))
MAPS, OFFSETS, FACTORS = data("N", 6, 7, 8), data("N", 18, 7, 8), data("N", 9, 7, 8, values="uniform")
DCN_V2, DCN_V1 = "_contrib_ModulatedDeformableConvolution", "_contrib_DeformableConvolution"
SAME = {"kernel": (3, 3), "pad": (1, 1), "num_filter": 4}
WIDE = {"kernel": (3, 2), "stride": (2, 1), "dilate": (1, 2), "pad": (2, 1), "num_filter": 4, "no_bias": True}

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
    row("ROIPooling", "roi_mode=pool", IMAGE, REGIONS, pooled_size=(3, 2), spatial_scale=0.125),
    row("ROIPooling", "beyond the edges", IMAGE, REGIONS, pooled_size=(2, 2), spatial_scale=0.25),
    row(
        "ROIPooling",
        "of two pictures",
        data(2, 3, 7, 8),
        data(6, 5, values="regions:2"),
        pooled_size=(2, 2),
        spatial_scale=0.125,
    ),
    row(DCN_V2, "zoo", MAPS, OFFSETS, FACTORS, *FILTERS, stride=(1, 1), dilate=(1, 1), num_group=1, **SAME),
    row(DCN_V2, "far offsets", MAPS, data("N", 18, 7, 8, values="wide"), FACTORS, *FILTERS, **SAME),
    row(
        DCN_V2,
        "two groups of offsets, steps",
        MAPS,
        data("N", 24, 5, 8),
        data("N", 12, 5, 8),
        weight(4, 6, 3, 2),
        num_deformable_group=2,
        **WIDE,
    ),
    row(
        DCN_V2,
        "two groups of filters",
        MAPS,
        OFFSETS,
        FACTORS,
        weight(4, 3, 3, 3),
        weight(4),
        num_group=2,
        **SAME,
    ),
    row(DCN_V1, "as in R-FCN", MAPS, OFFSETS, *FILTERS, **SAME),
    row(DCN_V1, "far offsets", MAPS, data("N", 18, 7, 8, values="wide"), *FILTERS, **SAME),
    row(
        DCN_V1,
        "two groups of offsets, steps",
        MAPS,
        data("N", 24, 5, 8),
        weight(4, 6, 3, 2),
        num_deformable_group=2,
        **WIDE,
    ),
    row(DCN_V1, "two groups of filters", MAPS, OFFSETS, weight(4, 3, 3, 3), weight(4), num_group=2, **SAME),
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
]
