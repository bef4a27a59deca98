"""Activations are the same, computed from the input or from what is held."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.prune.fitting.activations import ActivationCache, compute, from_bfloat16, to_bfloat16
from tests.support.pruning_networks import PICTURES, number_nodes
from tests.support.small_graphs import KINDS, make


@pytest.mark.parametrize("limit", [10**9, 0], ids=["held", "nothing fits"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cache_computes_what_the_graph_computes(kind: str, limit: int) -> None:
    model = make(kind)
    cache = ActivationCache(model, PICTURES, number_nodes(model), limit)
    names = [node.outputs[0].name or "" for node in model.graph if node.op_type in ("Conv", "Gemm")]
    expected = compute(model, names, PICTURES)
    for place, node in enumerate(model.graph):
        cache.advance(place)
        name = node.outputs[0].name or ""
        if name in names:
            found = np.concatenate([tensors[name] for tensors in cache.stream([name], 7)])
            np.testing.assert_allclose(found, expected[name], atol=1e-4)
    assert bool(cache.held) == bool(limit)


@pytest.mark.parametrize("share", [1.0, 0.7, 0.0], ids=["held", "some places fit", "nothing fits"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_that_differs_late_begins_with_what_is_held_of_the_other(kind: str, share: float) -> None:
    model = make(kind)
    places, name = number_nodes(model), model.graph.outputs[0].name or ""
    expected = compute(model, [name], PICTURES)[name]
    everything = ActivationCache(model, PICTURES, places)
    everything.hold_before(places.values())
    size = sum(array.nbytes for array in everything.held.values())
    whole = ActivationCache(model, PICTURES, places, round(share * size))
    whole.hold_before(places.values())
    reached = []
    for place in places.values():
        cache = whole.cache_for_pruned(model.clone(), place)
        np.testing.assert_allclose(cache.compute([name])[name], expected, atol=1e-4)
        reached.append(cache.reached)
    assert all(found <= place for found, place in zip(reached, places.values(), strict=True))
    assert (reached == list(places.values())) == (share == 1)
    assert (max(reached) > 0) == (share > 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_fits_only_when_rounded_is_held_as_bfloat16(kind: str) -> None:
    model = make(kind)
    places, name = number_nodes(model), model.graph.outputs[0].name or ""
    expected = compute(model, [name], PICTURES)[name]
    for place in places.values():
        exact = ActivationCache(model, PICTURES, places)
        exact.advance(place)
        size = sum(array.nbytes for array in exact.held.values())
        rounded = ActivationCache(model, PICTURES, places, size // 2)
        rounded.advance(place)
        assert rounded.reached == exact.reached
        assert sum(array.nbytes for array in rounded.held.values()) == size // 2
        for each, array in rounded.held.items():
            halves = from_bfloat16(array)
            np.testing.assert_allclose(halves, exact.held[each], rtol=2.0**-8)
            np.testing.assert_array_equal(to_bfloat16(halves), array)
        np.testing.assert_allclose(
            rounded.compute([name])[name], expected, atol=0.03 * np.abs(expected).max()
        )


@pytest.mark.parametrize("share", [2.0, 1.0, 0.75, 0.5])
@pytest.mark.parametrize("kind", KINDS)
def test_results_are_held_beside_what_is_read_and_never_at_its_cost(kind: str, share: float) -> None:
    model = make(kind)
    places = number_nodes(model)
    results = [node.outputs[0].name or "" for node in model.graph]
    expected = compute(model, results, PICTURES)
    read: list[dict[str, int]] = []
    for place in places.values():
        exact = ActivationCache(model, PICTURES, places)
        exact.advance(place)
        read.append({name: array.nbytes for name, array in exact.held.items()})
    limit = round(share * max(sum(sizes.values()) for sizes in read))
    going_on = ActivationCache(model, PICTURES, places, limit)
    for place, result, sizes in zip(places.values(), results, read, strict=True):
        fresh = ActivationCache(model, PICTURES, places, limit)
        for cache in (going_on, fresh):
            cache.advance(place, [result])
            assert sum(array.nbytes for array in cache.held.values()) <= limit
            found = cache.compute([result])[result]
            np.testing.assert_allclose(
                found, expected[result], atol=0.03 * np.abs(expected[result]).max() + 1e-6
            )
        if fresh.reached and sum(sizes.values()) <= limit:
            assert {name: fresh.held[name].nbytes for name in sizes} == sizes
            needed = sum(sizes.values()) + expected[result].nbytes // 2
            assert (result in fresh.held) == (needed <= limit)


def test_a_fixed_batch_is_filled_up_alike_from_what_is_held_and_from_the_input() -> None:
    model = make("residual")
    model.graph.inputs[0].shape = ir.Shape([3, 3, 8, 8])
    for node in model.graph:
        for value in node.outputs:
            value.shape = ir.Shape([3, *list(value.shape or ())[1:]])
    name = next(node.outputs[0].name or "" for node in reversed(list(model.graph)) if node.op_type == "Conv")
    places = number_nodes(model)
    begin, later = ActivationCache(model, PICTURES, places), ActivationCache(model, PICTURES, places)
    later.advance(3)
    found, expected = (list(cache.stream([name], 3)) for cache in (later, begin))
    assert [len(part[name]) for part in found] == [3] * 14
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one[name], other[name], atol=1e-4)
