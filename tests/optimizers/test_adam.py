from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kerastorch.optimizers import Adam, AdamW
from tests.optimizers import parity


@parity.options(
    {"amsgrad": True},
    {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 0.1},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Adam", options, dtype)


@pytest.mark.parametrize("options", [{"beta_1": 1.0}, {"beta_2": -0.1}, {"epsilon": -1.0}, {"beta_1": None}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Adam(**options)


@parity.options({"amsgrad": True})
def test_adamw_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("AdamW", options, dtype)


def test_adamw_needs_a_decay() -> None:
    with pytest.raises(ValueError, match="Use Adam"):
        AdamW(weight_decay=None)


@pytest.mark.parametrize("options", [{}, {"amsgrad": True, "weight_decay": 0.1}])
def test_other_devices(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    parity.check_foreach("Adam", options, monkeypatch)


def test_a_parameter_that_joins_late_is_corrected_for_all_updates() -> None:
    """The bias correction counts the optimizer's updates, not the parameter's own, as in Keras."""
    params = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    theirs = [keras.Variable(np.ones(1, "float32")) for _ in range(2)]
    optimizer, expected = Adam(0.1), keras.optimizers.Adam(0.1)
    optimizer.build(params)
    expected.build(theirs)
    for step in range(4):
        chosen = slice(0, 2) if step > 1 else slice(0, 1)
        grads = [torch.full((1,), 2.0 - step)] * len(params[chosen])
        for p, g in zip(params[chosen], grads, strict=True):
            p.grad = g
        optimizer.step()
        expected.apply(grads, theirs[chosen])
    for p, v in zip(params, theirs, strict=True):
        assert p.item() == pytest.approx(float(v.value.detach()), abs=1e-5)


def test_a_state_of_torchs_adam_loads() -> None:
    w = torch.nn.Parameter(torch.ones(3))
    w.grad = torch.ones(3)
    source = torch.optim.Adam([w], lr=0.25)
    source.step()
    source.step()
    optimizer = Adam()
    optimizer.build([w])
    optimizer.load_state_dict(source.state_dict())
    assert optimizer.iterations == 2
    assert optimizer.learning_rate == 0.25
    torch.testing.assert_close(optimizer.state[w]["exp_avg"], source.state[w]["exp_avg"])
    optimizer.step()
