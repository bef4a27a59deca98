"""The page that ``--report`` writes of a calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gcv_edge.cli.console import plural
from gcv_edge.cli.int8_outcome import FORMS, Outcome, describe_layers, verdict_lines
from gcv_edge.cli.outputs import writing


def write_outcome_page(outcome: Outcome, name: str, progress: Callable[[str], None]) -> None:
    """Draw the sample pictures and write the page.

    Args:
        outcome: what to show.
        name: file to write.
        progress: takes a phrase.
    """
    from gcv_edge.calibration.report import format_report
    from gcv_edge.calibration.samples import draw_samples

    progress("drawing sample pictures")
    result, points = outcome.result, outcome.points
    text = format_report(
        result,
        title=outcome.source.stem,
        measure=points.title if points is not None else "",
        verdict=page_lines(outcome),
        forms=page_forms(outcome),
        facts=page_facts(outcome),
        samples=draw_samples(outcome.source, result.path, outcome.material.measuring),
    )
    with writing(name) as path:
        path.write_text(text, encoding="utf-8")


def page_lines(outcome: Outcome) -> Iterator[str]:
    """Give the sentences at the top of the page."""
    result = outcome.result
    if not result.passed:
        yield f"More was lost than is allowed. The file is kept as {result.path.name}."
    elif outcome.points is None:
        yield "Nothing could be measured on these pictures."
    yield from verdict_lines(outcome)
    yield describe_layers(result)


def page_forms(outcome: Outcome) -> Iterator[Mapping[str, Any]]:
    """Give a row for each form: what it is, its points, its time and its file's size."""
    result = outcome.result
    scores = {"fp32": result.score_before, "int8": result.score_after}
    for name, text in FORMS.items():
        if name in result.milliseconds or name in scores:
            file = result.path if name.startswith("int8") else outcome.source
            yield {
                "name": name,
                "is": text,
                "points": scores.get(name),
                "milliseconds": result.milliseconds.get(name),
                "bytes": file.stat().st_size,
            }


def page_facts(outcome: Outcome) -> dict[str, str]:
    """Return what else is worth knowing, by heading."""
    result, material = outcome.result, outcome.material
    scales, machine = result.scales, result.machine
    facts = {
        "Float file": Path(outcome.source).name,
        "8-bit file": result.path.name,
        "Pictures": material.describe(),
        "Hash of the pictures": result.data_hash,
        "Statistics": f"from {plural(result.pictures, 'picture')}; recipes were compared on "
        f"{plural(result.held_out, 'other')}",
        "Labels": material.problem or ("used" if material.has_labels else "none"),
        "Scales": f"{scales['count']:.0f}, from {scales['smallest']:.3g} to {scales['largest']:.3g}",
        "Engines": "ONNX Runtime and OpenVINO agree, up to rounding"
        if result.engines_agree
        else "ONNX Runtime and OpenVINO differ by more than rounding",
        "Machine": f"{machine.get('cpu', '')}; OpenVINO {machine.get('openvino', '')}",
        "Took": ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.seconds.items()),
    }
    if material.skipped:
        facts["Pictures that could not be read"] = ", ".join(one.name for one in material.skipped)
    return facts
