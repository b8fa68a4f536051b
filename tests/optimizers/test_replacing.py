"""Parameters that others stand for: state, exclusions and updates go on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from kerastorch import optimizers
from kerastorch.optimizers.replacing import replace_parameters


@pytest.mark.parametrize(
    "make",
    [
        lambda params: torch.optim.Adam(params, lr=0.1),
        lambda params: _built(optimizers.AdamW(0.1, use_ema=True), params),
        lambda params: _built(optimizers.LossScaleOptimizer(optimizers.SGD(0.1, momentum=0.9)), params),
    ],
)
def test_an_optimizer_goes_on_with_copies_of_its_parameters(make: Any) -> None:
    expected = _steps(make, replace=False)
    assert torch.equal(_steps(make, replace=True), expected)


def _built(optimizer: Any, params: Any) -> Any:
    if isinstance(optimizer, optimizers.AdamW):
        optimizer.exclude_from_weight_decay(var_list=[params[0]])
    optimizer.build(params)
    return optimizer


def _steps(make: Any, replace: bool) -> torch.Tensor:
    params = [nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.tensor([[3.0]]))]
    optimizer = make(params)
    for step in range(4):
        if step == 2 and replace:
            now = [nn.Parameter(p.detach().clone()) for p in params]
            replace_parameters(optimizer, list(zip(params, now, strict=True)))
            assert all(p not in optimizer.state for p in params)
            params = now
        for p in params:
            p.grad = torch.full_like(p, 0.5 + step)
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in params])
