"""What a search for the fastest form found, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from gcv_edge.optimize.form_search import FormSearchResult
from gcv_edge.optimize.forms import FLOAT, Form, Goal
from gcv_edge.points import in_brackets


def describe_verdict(found: FormSearchResult) -> str:
    """Say which form wins, or why none does."""
    best = found.best
    if best is None:
        return f"No form wins: {describe_failure(found)}"
    if best.name == FLOAT:
        return "The float file wins: no other form is faster within the limits"
    return f"{capitalized(best.name)} wins: {describe_gain(found, best)}"


def capitalized(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]


def describe_gain(found: FormSearchResult, best: Form) -> str:
    """Say how fast the form that won is, and what it loses."""
    lost = ""
    if best.drop is not None:
        lost = f"; loses {best.drop:.2f} points{in_brackets(best.drop, best.drop_at_most)}"
    return f"{found.speedup:.2f}x as fast as the float file{lost}"


def describe_failure(found: FormSearchResult) -> str:
    """Say that no form reaches the goal."""
    goal, fastest = found.goal, min(found.forms, key=lambda form: form.seconds)
    within = [form for form in found.forms if form.is_within(goal.max_drop)]
    best = min(within, key=lambda form: form.seconds, default=fastest)
    limit = "" if goal.max_drop is None else f" and loses {goal.max_drop:g} points at most"
    there = f"the fastest is {best.name} with {best.milliseconds:.2f} ms"
    return f"no form needs {goal.target_ms:g} ms{limit}; {there}"


def describe_setting(found: FormSearchResult) -> Iterator[str]:
    """Say how to run the file that won, where that is not as usual."""
    best = found.best
    if best is None:
        return
    if best.precision != "f32":
        yield f"Run it with --precision {best.precision}, or load(..., precision={best.precision!r})"
    if best.streams:
        batch = f"; give run_batch {best.batch} pictures" if best.batch > 1 else ""
        yield f"Open it with load(..., hint='throughput'): {describe_together(best)}{batch}"


def describe_together(form: Form) -> str:
    """Say how many pictures are worked on at once; empty where it is one at a time."""
    if not form.streams:
        return ""
    return f"batch {form.batch}, {form.streams} {'stream' if form.streams == 1 else 'streams'}"


def describe_goal(goal: Goal) -> str:
    """Say what was asked for."""
    if goal.target_ms is not None:
        wanted = f"the most accurate file that needs at most {goal.target_ms:g} ms"
    else:
        wanted = (
            "the fastest file" if goal.hint == "latency" else "the file with the most pictures per second"
        )
    if goal.max_drop is None:
        return wanted
    lost = "point" if goal.max_drop == 1 else "points"
    return f"{wanted}, losing at most {goal.max_drop:g} {lost} at 90 % confidence"
