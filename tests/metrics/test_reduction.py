"""Sum, Mean and MeanMetricWrapper beside Keras: weights, masks, shapes, batches, exactness, calls."""

from __future__ import annotations

import cProfile
import pstats
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import metrics
from kerastorch.base import serialization

SHAPES = [((4,), None), ((4,), (4,)), ((4, 1), (4,)), ((4,), (4, 1)), ((4, 3), None), ((4, 3), (4,)), ((4, 3), (4, 1))]
SHAPES += [((4, 3), (4, 3)), ((4, 3, 2), (4,)), ((4, 3, 2), (4, 3)), ((4, 3, 2), (4, 3, 2)), ((), None), ((), ())]


def _numbers(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0.1, 1.0, shape).astype("float32"))


@pytest.mark.parametrize(("shape", "weight_shape"), SHAPES)
@pytest.mark.parametrize("name", ["Sum", "Mean"])
def test_values_and_weights_of_all_ranks(
    name: str, shape: tuple[int, ...], weight_shape: tuple[int, ...] | None
) -> None:
    import keras

    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    for batch in range(3):
        values = _numbers(shape, batch)
        weight = None if weight_shape is None else _numbers(weight_shape, batch + 10)
        ours.update_state(values, sample_weight=weight)
        theirs.update_state(values, sample_weight=weight)
        np.testing.assert_allclose(float(ours.result()), float(theirs.result()), rtol=1e-6)
    for mine, other in zip(ours.variables, theirs.variables, strict=True):
        assert mine.name == other.name
        np.testing.assert_allclose(float(mine), float(other.value), rtol=1e-6)


@pytest.mark.parametrize("weight_shape", [None, (4,), (4, 1), (4, 3)])
@pytest.mark.parametrize("weighted_values", [False, True])
def test_masks(weight_shape: tuple[int, ...] | None, weighted_values: bool) -> None:
    import keras

    def distance(y_true: Any, y_pred: Any) -> Any:
        values = (y_true - y_pred).abs().mean(-1)
        if weighted_values:
            values._keras_mask = torch.tensor([True, True, False]).expand(4, 3)
        return values

    ours, theirs = metrics.MeanMetricWrapper(distance), keras.metrics.MeanMetricWrapper(distance)
    for batch in range(2):
        y_true, y_pred = _numbers((4, 3, 2), batch), _numbers((4, 3, 2), batch + 5)
        y_pred._keras_mask = torch.tensor([[True, False, True], [False, False, False], [True, True, True], [True] * 3])
        weight = None if weight_shape is None else _numbers(weight_shape, batch + 10)
        ours.update_state(y_true, y_pred, sample_weight=weight)
        # Keras itself fails where weights have fewer or smaller dimensions than the mask
        spread = weight if weight is None else weight.reshape(4, -1).broadcast_to(4, 3).clone()
        theirs.update_state(y_true, y_pred, sample_weight=spread)
        np.testing.assert_allclose(float(ours.result()), float(theirs.result()), rtol=1e-6)


@given(
    values=st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=40),
    cuts=st.lists(st.integers(1, 40), max_size=5),
)
def test_exact_under_any_split(values: list[float], cuts: list[int]) -> None:
    whole, parts = metrics.Mean(), metrics.Mean()
    tensor = torch.tensor(values)
    whole.update_state(tensor)
    for part in torch.tensor_split(tensor, sorted(cuts)):
        if len(part):
            parts.update_state(part)
    assert torch.equal(whole.result(), parts.result())


def test_weight_zero_is_padding() -> None:
    plain, padded = metrics.MeanSquaredError(), metrics.MeanSquaredError()
    y_true, y_pred = _numbers((5, 2), 0), _numbers((5, 2), 1)
    plain.update_state(y_true, y_pred)
    padded.update_state(y_true, y_pred, sample_weight=torch.ones(5))
    padded.update_state(torch.zeros(3, 2), torch.full((3, 2), 9.0), sample_weight=torch.zeros(3))
    assert torch.equal(plain.result(), padded.result())
    assert float(metrics.Mean().result()) == 0.0


def test_counts_beyond_float32() -> None:
    metric = metrics.Mean()
    metric.load_state_dict({"total": torch.tensor(2.0**25, dtype=torch.float64), "count": torch.tensor(2.0**25)})
    metric.update_state(torch.ones(3))
    assert float(metric.count) == 2**25 + 3
    assert float(metric.total) == 2**25 + 3


def test_lists_numbers_and_arrays() -> None:
    metric = metrics.Mean()
    for values in (1, 2.0, [3, 4], np.array([5.0]), torch.tensor([3])):
        metric.update_state(values)
    assert float(metric.result()) == 3.0
    wrapped = metrics.MeanMetricWrapper(lambda y_true, y_pred: float(y_pred.sum()), name="s")
    wrapped.update_state([0], [2.0, 3.0])
    assert float(wrapped.result()) == 5.0


def test_config_of_a_wrapper_goes_both_ways() -> None:
    import keras

    ours = metrics.MeanMetricWrapper(metrics.binary_accuracy, name="above", threshold=0.3)
    theirs = keras.metrics.MeanMetricWrapper(keras.metrics.binary_accuracy, name="above", threshold=0.3)
    for config in (serialization.serialize_keras_object(ours), keras.saving.serialize_keras_object(theirs)):
        for restored in (metrics.deserialize(config), keras.metrics.deserialize(config)):
            restored.update_state(torch.tensor([1.0, 0.0]), torch.tensor([0.4, 0.4]))
            assert (restored.name, float(restored.result())) == ("above", 0.5)
    with pytest.raises(TypeError, match="`fn` of MeanMetricWrapper"):
        metrics.MeanMetricWrapper("accuracy")


def _calls(metric: Any, *batch: torch.Tensor) -> int:
    metric.update_state(*batch)
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(100):
        metric.update_state(*batch)
    profile.disable()
    return (pstats.Stats(profile).total_calls - 1) // 100  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "batch", "most"),
    [
        ("Mean", (torch.ones(8),), 4),
        ("BinaryAccuracy", (torch.ones(8, 1), torch.ones(8, 1)), 7),
        ("SparseCategoricalAccuracy", (torch.zeros(8, dtype=torch.long), torch.ones(8, 3)), 7),
    ],
)
def test_few_calls(name: str, batch: tuple[torch.Tensor, ...], most: int) -> None:
    assert _calls(getattr(metrics, name)(), *batch) <= most
