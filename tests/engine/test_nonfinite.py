"""Which tensor was the first that is not finite."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from kerastorch.data.batch import Batch
from kerastorch.engine.nonfinite import Finding, in_batch, in_forward, in_gradients, is_finite
from kerastorch.runtime.precision import Precision
from tests.engine import fakes
from tests.engine.counted import CountedProgram

NAN, INF = float("nan"), float("inf")


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values).reshape(-1, 1)


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (Batch(column(1, 2), column(3, 4), None, 2), None),
        (Batch(torch.tensor([1, 2]), None, None, 2), None),
        (
            Batch([column(1, 2), {"a": column(NAN, 2)}], column(INF, 4), None, 2),
            Finding(0, "the input `x[1]['a']`", [0]),
        ),
        (Batch(column(1, 2), (column(1, -INF), column(NAN, 1)), None, 2), Finding(0, "the target `y[0]`", [1])),
        (
            Batch(column(1, 2), None, torch.tensor([NAN, INF]), 2),
            Finding(0, "the sample weight `sample_weight`", [0, 1]),
        ),
        (Batch(column(NAN), None, None, 0, 3), Finding(0, "the input `x`", [])),
    ],
)
def test_in_a_batch(batch: Batch, expected: Finding | None) -> None:
    assert in_batch(batch) == expected


class Log(nn.Module):
    def forward(self, x: Any) -> Any:
        return torch.log(x[:, :1] - 1e9).expand(x.shape)


class Between(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(3, 3).double(), nn.Tanh()

    def forward(self, x: Any) -> Any:
        return self.outer(torch.where(torch.arange(x.shape[0])[:, None] == 2, INF, self.inner(x)).double() * 0)


@pytest.mark.parametrize(
    ("second", "where", "rows"),
    [
        (Log(), "the output of layer '1' (Log)", [0, 1, 2, 3]),
        (Between(), "what goes into layer '1.outer' (Tanh), made between layers", [2]),
    ],
)
def test_in_a_forward_pass(second: nn.Module, where: str, rows: list[int]) -> None:
    program = CountedProgram()
    program.module = nn.Sequential(nn.Linear(3, 3), second, nn.BatchNorm1d(3), nn.Linear(3, 2)).double()
    program.module.train()
    before = [t.clone() for t in (*program.module.parameters(), *program.module.buffers())]
    (batch,) = fakes.batches([4])
    found = in_forward(program, Precision(), batch)
    assert (found.where, found.rows) == (where, rows) and 1 < found.order < 10
    after = [*program.module.parameters(), *program.module.buffers()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert float(program.results()["loss"]) == 0 and not any(m._forward_hooks for m in program.module.modules())


def test_a_loss_by_itself_and_a_pass_that_fails() -> None:
    (batch,) = fakes.batches([4])
    assert in_forward(CountedProgram(), Precision(), batch).where.startswith("the loss")

    def fail(place: str, rows: int) -> None:
        raise RuntimeError(place)

    assert in_forward(CountedProgram(fail), Precision(), batch).where.startswith("the loss")


def test_in_gradients() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    assert in_gradients(module) is None
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    assert in_gradients(module) is None and is_finite(torch.zeros(0))
    module[1].weight.grad[0, 1] = INF  # type: ignore[index, union-attr]
    found = in_gradients(module)
    assert found is not None and found.where == "the gradient of parameter '1.weight'"
