"""The page that ``--report`` writes of a calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gcv_edge.cli.console import plural
from gcv_edge.cli.int8_text import FORMS, describe_layers, verdict_lines
from gcv_edge.cli.outputs import write_text

if TYPE_CHECKING:
    from gcv_edge.calibration import CalibrationResult
    from gcv_edge.optimize import OptimizeResult
    from gcv_edge.optimize.dataset_split import DatasetSplit


def write_int8_page(result: OptimizeResult, made: CalibrationResult, name: str) -> None:
    """Draw the sample pictures and write the page.

    Args:
        result: what was asked for and measured; of a data set.
        made: the 8-bit file.
        name: page to write.
    """
    from gcv_edge.optimize.calibration_page import format_report
    from gcv_edge.optimize.samples import draw_samples

    split = result.baseline.split
    assert split is not None
    text = format_report(
        made,
        title=result.float_path.stem,
        measure=result.baseline.title,
        verdict=page_lines(result, made),
        forms=page_forms(result, made),
        facts=page_facts(result, made, split),
        samples=draw_samples(result.float_path, made.path, split.evaluation),
    )
    write_text(name, text)


def page_lines(result: OptimizeResult, made: CalibrationResult) -> Iterator[str]:
    """Give the sentences at the top of the page."""
    if not made.passed:
        yield f"More was lost than is allowed. The file is kept as {made.path.name}."
    elif result.baseline.evaluator is None:
        yield "Nothing could be measured on these pictures."
    yield from verdict_lines(result, made)
    yield describe_layers(made)


def page_forms(result: OptimizeResult, made: CalibrationResult) -> Iterator[Mapping[str, Any]]:
    """Give a row for each form: what it is, its points, its time and its file's size."""
    scores = {"fp32": made.score_before, "int8": made.score_after}
    for name, text in FORMS.items():
        if name in made.milliseconds or name in scores:
            file = made.path if name.startswith("int8") else result.float_path
            yield {
                "name": name,
                "is": text,
                "points": scores.get(name),
                "milliseconds": made.milliseconds.get(name),
                "bytes": file.stat().st_size,
            }


def page_facts(result: OptimizeResult, made: CalibrationResult, split: DatasetSplit) -> dict[str, str]:
    """Return what else is worth knowing, by heading."""
    scales, machine = made.scales, made.machine
    facts = {
        "Float file": result.float_path.name,
        "8-bit file": made.path.name,
        "Pictures": split.describe(),
        "Hash of the pictures": made.data_hash,
        "Statistics": f"from {plural(made.pictures, 'picture')}; recipes were compared on "
        f"{plural(made.held_out, 'other')}",
        "Labels": split.label_problem or ("used" if split.has_labels else "none"),
        "Scales": f"{scales['count']:.0f}, from {scales['smallest']:.3g} to {scales['largest']:.3g}",
        "Engines": "ONNX Runtime and OpenVINO agree, up to rounding"
        if made.engines_agree
        else "ONNX Runtime and OpenVINO differ by more than rounding",
        "Machine": f"{machine.get('cpu', '')}; OpenVINO {machine.get('openvino', '')}",
        "Took": ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in made.seconds.items()),
    }
    if split.skipped:
        facts["Pictures that could not be read"] = ", ".join(one.name for one in split.skipped)
    return facts
