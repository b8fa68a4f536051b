"""Accumulation windows: the gradient is that of the mean over all rows of the window, whatever the batches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from kerastorch.data.batch import Batch
from kerastorch.engine.window import EveryBatch, Window
from tests.engine import fakes


def rows(size: int, share: float = 1.0) -> Batch:
    return Batch(None, None, None, size, size, share)


def _mse(module: nn.Module, batch) -> torch.Tensor:  # type: ignore[no-untyped-def]
    return nn.functional.mse_loss(module(batch.x), batch.y)


def _gradient_of_all(module: nn.Module, batches) -> list[torch.Tensor]:  # type: ignore[no-untyped-def]
    x, y = torch.cat([b.x for b in batches]), torch.cat([b.y for b in batches])
    loss = nn.functional.mse_loss(module(x), y)
    return list(torch.autograd.grad(loss, list(module.parameters())))


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 1000))
def test_gradients_are_those_of_all_rows_at_once(sizes: list[int], seed: int) -> None:
    module = nn.Linear(3, 2, dtype=torch.float64)
    batches = fakes.batches(sizes, seed)
    window = Window(len(sizes))
    closed = []
    for batch in batches:
        window.weigh(_mse(module, batch), batch).backward()
        closed.append(window.closes(batch))
    assert closed == [False] * (len(sizes) - 1) + [True]
    parameters = list(module.parameters())
    window.normalize(parameters)
    for parameter, expected in zip(parameters, _gradient_of_all(module, batches), strict=True):
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-12, atol=1e-14)
    assert not window.open


def test_equal_batches_are_not_rescaled_one_by_one() -> None:
    window, loss = Window(2), torch.tensor(3.0)
    assert window.weigh(loss, rows(4)) is loss
    window.closes(rows(4))
    assert window.weigh(loss, rows(4)) is loss
    assert window.weigh(loss, rows(2)) == 1.5


def test_a_window_starts_afresh_after_an_update() -> None:
    window = Window(2)
    for size in (4, 2):
        window.weigh(torch.tensor(1.0), rows(size))
        window.closes(rows(size))
    window.normalize([])
    assert window.state_dict() == {"batches": 0, "total": 0, "unit": 0}
    window.weigh(torch.tensor(1.0), rows(5))
    assert window.unit == 5 and not window.open


def test_parameters_without_gradients_are_left_alone() -> None:
    window = Window(1)
    with_grad, without = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    with_grad.grad = torch.full((1,), 6.0)
    window.weigh(torch.tensor(1.0), rows(2))
    window.closes(rows(2))
    window.closes(rows(4))
    window.normalize([with_grad, without])
    assert with_grad.grad.item() == 2.0 and without.grad is None


def test_half_a_window_can_be_kept_and_taken_up() -> None:
    window, other = Window(3), Window(3)
    window.weigh(torch.tensor(1.0), rows(4))
    window.closes(rows(4))
    other.load_state_dict(window.state_dict())
    assert other.open and other.state_dict() == {"batches": 1, "total": 4, "unit": 4}


@pytest.mark.parametrize("size", [1, 7])
def test_every_batch_is_its_own_window(size: int) -> None:
    window, loss = EveryBatch(), torch.tensor(3.0)
    assert window.weigh(loss, rows(size)) is loss
    assert window.closes(rows(size)) and not window.open
    window.normalize([])
    window.load_state_dict(window.state_dict())


@pytest.mark.parametrize("window", [EveryBatch(), Window(1)])
def test_a_share_weighs_the_loss(window: EveryBatch) -> None:
    assert float(window.weigh(torch.tensor(2.0), rows(3, share=0.5))) == 1.0


def test_the_last_batch_of_a_window_is_known_before_it_comes() -> None:
    window, seen = Window(3), []
    for _ in range(6):
        seen.append(window.last)
        if window.closes(rows(1)):
            window.normalize([])
    assert seen == [False, False, True] * 2
    assert EveryBatch().last
