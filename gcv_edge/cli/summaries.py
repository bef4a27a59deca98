"""Results in a line for people and in a dictionary for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gcv_edge.runtime.depth import DepthMap
    from gcv_edge.runtime.embedding import Embedding
    from gcv_edge.runtime.regressor import Regression
    from gcv_edge.runtime.results import Classification, Detections, Poses, Segmentation, Speed
    from gcv_edge.runtime.translator import Picture

    Result = Classification | Detections | Poses | Segmentation | DepthMap | Embedding | Regression | Picture

DETECTION_THRESHOLD = 0.5
POSE_THRESHOLD = 0.2
SHOWN_SCORES = 6
SHOWN_CLASSES = 3


def summarize(result: Result, threshold: float | None) -> str:
    """Say what a result holds: ``2 person 0.98 0.91, 1 dog 0.76 (pre 0.4 ms, ...)``."""
    return f"{describe(result, threshold)} ({describe_speed(result.speed)})"


def describe(result: Result, threshold: float | None) -> str:
    """Say what a result holds, by its kind."""
    from gcv_edge.runtime import depth, embedding, regressor, results, translator

    if isinstance(result, results.Detections):
        return describe_detections(result, DETECTION_THRESHOLD if threshold is None else threshold)
    if isinstance(result, results.Poses):
        return describe_poses(result, POSE_THRESHOLD if threshold is None else threshold)
    if isinstance(result, results.Segmentation):
        return describe_segmentation(result)
    if isinstance(result, depth.DepthMap):
        return describe_depth(result)
    if isinstance(result, embedding.Embedding):
        return f"{len(result)} numbers"
    if isinstance(result, regressor.Regression):
        return ", ".join(result.lines)
    if isinstance(result, translator.Picture):
        return f"a picture of {result.pixels.shape[1]} x {result.pixels.shape[0]} pixels"
    return ", ".join(result.lines(SHOWN_CLASSES))


def describe_detections(result: Detections, threshold: float) -> str:
    """Count the objects over a threshold by class, with their scores, best class first."""
    shown = result.over(threshold)
    scores: dict[str, list[float]] = {}
    for name, score in zip(shown.names, shown.scores, strict=True):
        scores.setdefault(name, []).append(float(score))
    if not scores:
        return f"nothing over {threshold:g}"
    return ", ".join(f"{len(values)} {name} {join_scores(values)}" for name, values in scores.items())


def join_scores(scores: list[float]) -> str:
    """Join scores, a few of them."""
    more = " ..." if len(scores) > SHOWN_SCORES else ""
    return " ".join(f"{score:.2f}" for score in scores[:SHOWN_SCORES]) + more


def describe_segmentation(result: Segmentation) -> str:
    """Name the classes that cover most of the frame."""
    classes = result.to_dict()["classes"]
    return ", ".join(f"{row['share']:.0%} {row['label']}" for row in classes[: 2 * SHOWN_CLASSES])


def describe_poses(result: Poses, threshold: float) -> str:
    """Count the keypoints over a threshold."""
    return f"{int((result.scores > threshold).sum())} of {result.scores.size} keypoints over {threshold:g}"


def describe_depth(result: DepthMap) -> str:
    """Say how far the nearest, the middle and the farthest pixel are."""
    found = result.to_dict()["depth"]
    unit = " m" if result.is_metric else ", relative"
    return f"depth {found['min']:.1f} to {found['max']:.1f}{unit}, median {found['median']:.1f}"


def describe_speed(speed: Speed) -> str:
    """List the stages' milliseconds."""
    stages = (
        ("pre", speed.preprocess_ms),
        ("infer", speed.inference_ms),
        ("post", speed.postprocess_ms),
    )
    return ", ".join(f"{name} {value:.1f} ms" for name, value in stages)


def to_dict(result: Result, threshold: float | None) -> dict[str, Any]:
    """Return a result for JSON; detections over a threshold only."""
    from gcv_edge.runtime import results

    if isinstance(result, results.Detections):
        return result.over(DETECTION_THRESHOLD if threshold is None else threshold).to_dict()
    return result.to_dict()


def draw(result: Result, frame: Any, threshold: float | None) -> Any:
    """Draw a result on a copy of its frame; a picture made of it is drawn alone."""
    from gcv_edge.runtime import results, translator

    if isinstance(result, results.Detections):
        return result.plot(frame, DETECTION_THRESHOLD if threshold is None else threshold)
    if isinstance(result, results.Poses):
        return result.plot(frame, POSE_THRESHOLD if threshold is None else threshold)
    if isinstance(result, translator.Picture):
        return result.pixels
    return result.plot(frame)
