"""Counting at thresholds: against the definition, one comparison at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.metrics._thresholds import ThresholdMetric, parse, spread

OUTCOMES = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class Counts(ThresholdMetric):
    """All four counts at the given thresholds."""

    def __init__(self, thresholds: list[float]) -> None:
        super().__init__(name="counts")
        self._set_thresholds(thresholds)
        self._make_counts((len(thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None, **options: Any) -> None:
        self._count(y_true, y_pred, sample_weight, **options)

    def result(self) -> Any:
        return {name: getattr(self, name).tolist() for name in OUTCOMES}


def _by_definition(thresholds: list[float], y: np.ndarray, pred: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
    above = pred[None] > np.asarray(thresholds, "float32")[:, None]
    real = y.astype(bool)[None]
    cases = (real & above, ~real & above, ~real & ~above, real & ~above)
    return {name: (case * weight).sum(1).tolist() for name, case in zip(OUTCOMES, cases, strict=True)}


@given(
    thresholds=st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=5, unique=True),
    rows=st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.75, 1.0]), st.sampled_from([0.0, 0.5, 2.0])),
        min_size=1,
        max_size=20,
    ),
)
def test_counts_are_those_of_the_definition(thresholds: list[float], rows: list[tuple[bool, float, float]]) -> None:
    y, pred, weight = (np.asarray(column, "float32") for column in zip(*rows, strict=True))
    metric = Counts(thresholds)
    half = len(rows) // 2
    for part in (slice(None, half), slice(half, None)):
        if len(y[part]):
            metric.update_state(y[part], pred[part], weight[part])
    for name, expected in _by_definition(thresholds, y, pred, weight).items():
        np.testing.assert_allclose(metric.result()[name], expected, rtol=1e-12)


def test_only_the_top_k_count() -> None:
    metric = Counts([0.1])
    metric.update_state(torch.tensor([[1, 1, 0]]), torch.tensor([[0.9, 0.2, 0.5]]), top_k=2)
    assert metric.result() == {
        "true_positives": [1.0], "false_positives": [1.0], "true_negatives": [0.0], "false_negatives": [1.0]
    }  # fmt: skip


def test_only_one_class_counts() -> None:
    metric = Counts([0.1])
    metric.update_state(torch.tensor([[1, 1, 0]]), torch.tensor([[0.9, 0.2, 0.5]]), class_id=2)
    assert metric.result()["false_positives"] == [1.0] and metric.result()["true_positives"] == [0.0]


@pytest.mark.parametrize(
    ("given", "expected"), [(None, [0.5]), (0.25, [0.25]), ([0, 1], [0, 1]), (np.array([0.5]), [0.5])]
)
def test_thresholds_as_users_write_them(given: Any, expected: list[float]) -> None:
    assert parse("Precision", given, 0.5) == expected


@pytest.mark.parametrize("given", [1.5, -0.1, [], [0.5, None], "0.5", ["a"], True, float("nan")])
def test_thresholds_that_are_none(given: Any) -> None:
    with pytest.raises(ValueError, match="(?s)thresholds.*xpected"):
        parse("Precision", given, 0.5)


def test_spread_is_even_from_0_to_1() -> None:
    assert spread(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
