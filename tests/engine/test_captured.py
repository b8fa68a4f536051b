"""A compiled call as a CUDA graph."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kerastorch.engine.captured import Captured, started


def test_on_a_cpu_a_call_stays_as_it_is() -> None:
    def call(*inputs: Tensor) -> None: ...

    assert started(call, 1, torch.device("cpu")) is call
    assert isinstance(started(call, 1, torch.device("cuda")), Captured)


@pytest.mark.gpu
def test_a_captured_call_is_replayed() -> None:
    def call(x: Tensor, total: Tensor) -> None:
        total.add_(x.sum())

    captured, total = Captured(call, 1), torch.zeros((), device="cuda")
    for value in range(5):
        captured(torch.full((3,), float(value), device="cuda"), total)
    assert total.item() == 30.0
    other = torch.zeros((), device="cuda")
    captured(torch.ones(3, device="cuda"), other)
    captured(torch.ones(3, device="cuda"), other)
    assert (total.item(), other.item()) == (30.0, 6.0)
