"""The small helpers, beside Lightning's."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch
from lightning.pytorch.utilities import grad_norm as real_norm

from kerastorch.lightning import utilities


@pytest.mark.parametrize("kind", [2, 1, "inf"])
def test_norms_of_gradients(kind: Any) -> None:
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2), torch.nn.Linear(9, 9))
    net[:2](torch.randn(5, 3)).square().sum().backward()
    own, real = utilities.grad_norm(net, kind, ":"), real_norm(net, kind, ":")
    assert list(own) == list(real)
    assert own == pytest.approx({name: float(value) for name, value in real.items()}, rel=1e-6)


def test_norms_of_none() -> None:
    assert utilities.grad_norm(torch.nn.Linear(1, 1), 2) == {}
    with pytest.raises(ValueError, match="norm_type"):
        utilities.grad_norm(torch.nn.Linear(1, 1), 0)


def test_only_the_first_process(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    called = utilities.rank_zero_only(lambda value: value + 1)
    assert called(1) == 2
    with caplog.at_level(logging.INFO), pytest.warns(UserWarning, match="careful"):
        utilities.rank_zero_info("hello")
        utilities.rank_zero_warn("careful")
    assert "hello" in caplog.text
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_PORT", "29500")
    assert called(1) is None
    utilities.rank_zero_warn("not heard")
