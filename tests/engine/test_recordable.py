"""An optimizer made recordable, and as it was afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.engine.recordable import recordable
from kerastorch.engine.recording import Number
from kerastorch.optimizers import Adam
from kerastorch.optimizers.schedules import ExponentialDecay


def _built(make: Any) -> Any:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = make([weight])
    weight.sum().backward()
    optimizer.step()
    return optimizer


def _ours(params: Any) -> Adam:
    optimizer = Adam(ExponentialDecay(0.1, 3, 0.5))
    optimizer.build(params)
    return optimizer


@pytest.mark.parametrize("make", [_ours, lambda params: torch.optim.Adam(params, fused=True)])
def test_it_is_as_it_was_afterwards(make: Any) -> None:
    optimizer = _built(make)
    before = [dict(group) for group in optimizer.param_groups]
    with recordable(optimizer, {"lr"}):
        assert isinstance(optimizer.param_groups[0]["lr"], Number)
        assert optimizer.param_groups[0]["lr"] != before[0]["lr"]
    assert [dict(group) for group in optimizer.param_groups] == before
    assert type(optimizer.param_groups[0]["lr"]) is float
    assert not torch.compiler.is_compiling()


def test_the_rule_is_not_a_fused_kernel_meanwhile() -> None:
    optimizer = _built(_ours)
    with recordable(optimizer, {"lr", "iterations"}) as count:
        assert [bucket.fused for bucket in optimizer._buckets] == [False]
        assert optimizer._schedule is None
        count()
    assert [bucket.fused for bucket in optimizer._buckets] == [True]
    assert optimizer._schedule is not None


def test_it_is_as_it_was_after_an_error() -> None:
    optimizer = _built(lambda params: torch.optim.SGD(params, lr=0.1))
    with pytest.raises(KeyError), recordable(optimizer, {"lr"}):
        raise KeyError("x")
    assert type(optimizer.param_groups[0]["lr"]) is float
    assert not torch.compiler.is_compiling()
