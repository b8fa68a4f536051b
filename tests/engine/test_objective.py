"""Losses and metrics of several outputs, on the device, exact under any split."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.engine.objective import LossTerm, Metrics, MetricTerm, Objective, RunningMean, at


class Counting:
    """A metric that writes down what it is given."""

    def __init__(self, name: str = "counting") -> None:
        self.name, self.seen, self.moved = name, [], None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.seen.append((y_true, y_pred, sample_weight))

    def result(self) -> int:
        return len(self.seen)

    def reset_state(self) -> None:
        self.seen.clear()

    def to(self, device: Any) -> None:
        self.moved = device


def _difference(y: Any, pred: Any, weight: Any) -> torch.Tensor:
    value = (pred - y).abs()
    return value.mean() if weight is None else (value * weight).mean()


def test_at() -> None:
    structure = {"a": [10, {"b": 20}], "c": 30}
    assert at(structure, ()) is structure
    assert at(structure, ("a", 1, "b")) == 20


@given(values=st.lists(st.tuples(st.floats(-1e3, 1e3, width=32), st.integers(1, 500)), min_size=1, max_size=20))
def test_a_running_mean_is_the_mean_over_rows(values: list[tuple[float, int]]) -> None:
    mean = RunningMean("loss")
    for value, rows in values:
        mean.add(torch.tensor(value), rows)
    expected = sum(value * rows for value, rows in values) / sum(rows for _, rows in values)
    assert float(mean.result()) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert mean.result().dtype is torch.float64


def test_a_running_mean_takes_no_gradients_along_and_starts_again() -> None:
    mean = RunningMean("loss")
    assert float(mean.result()) == 0.0
    mean.add(torch.tensor(2.0, requires_grad=True), 3)
    assert not mean.result().requires_grad
    mean.update_state(4.0, sample_weight=1)
    assert float(mean.result()) == 2.5
    mean.update_state(torch.tensor(2.5))
    assert float(mean.result()) == 2.5 and len(mean.variables) == 2
    mean.reset_state()
    assert float(mean.result()) == 0.0


Y = {"a": torch.tensor([1.0, 1.0]), "b": torch.tensor([2.0, 4.0])}
PRED = {"a": torch.tensor([2.0, 3.0]), "b": torch.tensor([2.0, 8.0])}
A, B = 1.5, 2.0  # the losses above


def _two(kind: type, keys: tuple[Any, Any], factors: tuple[Any, Any] = (None, None)) -> tuple[Objective, Any, Any]:
    """An objective of two outputs whose structures are dicts, lists or tuples."""
    y, pred = (s if kind is dict else kind(s.values()) for s in (Y, PRED))
    terms = [
        LossTerm(_difference, factor, (key,), (key,), RunningMean(f"{key}_loss"))
        for key, factor in zip(keys, factors, strict=True)
    ]
    return Objective(terms), y, pred


@pytest.mark.parametrize(("kind", "keys"), [(dict, ("a", "b")), (list, (0, 1)), (tuple, (0, 1))])
@pytest.mark.parametrize(("factors", "total"), [((None, None), A + B), ((0.5, None), A / 2 + B), ((2.0, 0.0), 2 * A)])
def test_two_outputs_in_any_structure(kind: type, keys: Any, factors: Any, total: float) -> None:
    objective, y, pred = _two(kind, keys, factors)
    loss = objective.loss(y, pred, None)
    assert float(loss) == total
    objective.count(loss, 2)
    results = {name: float(value) for name, value in objective.results().items()}
    assert results == {"loss": total, f"{keys[0]}_loss": A, f"{keys[1]}_loss": B}


@pytest.mark.parametrize(
    "weights", [torch.tensor([1.0, 0.0]), {"a": torch.tensor([1.0, 0.0]), "b": torch.tensor([1.0, 0.0])}]
)
def test_weights_are_common_or_of_one_output(weights: Any) -> None:
    objective, y, pred = _two(dict, ("a", "b"))
    assert float(objective.loss(y, pred, weights)) == 0.5


def test_targets_may_lie_elsewhere_than_outputs() -> None:
    term = LossTerm(_difference, None, true=("x", 1), pred=(0,))
    loss = Objective([term]).loss({"x": [None, Y["a"]]}, [PRED["a"]], None)
    assert float(loss) == A


def test_without_losses_there_is_nothing_to_minimise() -> None:
    assert Objective().loss(Y, PRED, None) is None


def test_a_loss_keeps_its_gradient() -> None:
    pred = PRED["a"].clone().requires_grad_()
    loss = Objective([LossTerm(_difference, 3.0)]).loss(Y["a"], pred, None)
    assert loss is not None
    loss.backward()
    torch.testing.assert_close(pred.grad, torch.tensor([1.5, 1.5]))


def test_metrics_get_their_own_part_and_weights_only_if_weighted() -> None:
    plain, weighted = Counting(), Counting()
    metrics = Metrics([MetricTerm(plain, "p", False, ("a",), ("a",)), MetricTerm(weighted, "w", True, ("b",), ("b",))])
    weight = {"a": torch.ones(2), "b": torch.zeros(2)}
    metrics.update_state(Y, PRED, weight)
    assert plain.seen[0][0] is Y["a"] and plain.seen[0][1] is PRED["a"] and plain.seen[0][2] is None
    assert weighted.seen[0][0] is Y["b"] and weighted.seen[0][1] is PRED["b"] and weighted.seen[0][2] is weight["b"]
    assert metrics.result() == {"p": 1, "w": 1}
    metrics.reset_state()
    assert metrics.result() == {"p": 0, "w": 0} and metrics.variables == []


def test_the_objective_reports_resets_and_moves_all() -> None:
    compiled, own = Counting("compiled"), Counting("own")
    tracker = RunningMean("a_loss")
    objective = Objective(
        [LossTerm(_difference, None, ("a",), ("a",), tracker)], Metrics([MetricTerm(compiled, "c")]), others=[own]
    )
    assert [m.name for m in objective.all_metrics] == ["loss", "a_loss", "compile_metrics", "own"]
    assert list(objective.results()) == ["loss", "a_loss", "compile_metrics", "own"]
    objective.loss(Y, PRED, None)
    objective.metrics.update_state(0, 0)
    own.update_state(0, 0)
    objective.to(torch.device("cpu"))
    assert compiled.moved == own.moved == torch.device("cpu")
    objective.reset()
    assert not compiled.seen and not own.seen and float(tracker.result()) == 0
    assert "compile_metrics" not in Objective().results()


def test_a_sum_counts_as_often_as_the_batch_is_larger_than_the_rows() -> None:
    """On a rank with 2 of 6 rows: averaged by rows over the ranks, its value is what its rows add to the sum."""
    terms = [LossTerm(lambda y, p, w: (p - y).sum(), sums=True), LossTerm(lambda y, p, w: (p - y).mean())]
    objective = Objective(terms, whole=3.0)
    assert objective.loss(torch.zeros(2), torch.tensor([1.0, 3.0]), None) == 3 * 4 + 2
    strategy = SimpleNamespace(device=torch.device("cpu"), sum_=lambda values: None)
    objective.synchronize(strategy)
    assert objective.whole == 1.0


def test_a_running_mean_that_counted_nothing_joins_in() -> None:
    class Two:
        device = torch.device("cpu")

        def sum_(self, values: Any) -> None:
            values[0].add_(torch.tensor([6.0, 3.0], dtype=torch.float64))

    mean = RunningMean("loss")
    mean.synchronize(Two())
    assert float(mean.result()) == 2.0


def test_a_loss_that_is_not_reduced_counts_as_its_mean() -> None:
    mean = RunningMean("loss")
    mean.add(torch.tensor([1.0, 3.0]), 2)
    assert float(mean.result()) == 2.0
