from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch.optimizers import SGD
from tests.optimizers import parity


@parity.options(
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("SGD", options, dtype)


@pytest.mark.parametrize("options", [{"momentum": 1.5}, {"momentum": -0.1}, {"momentum": "0.9"}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        SGD(**options)


def test_the_learning_rate_acts_on_new_gradients_only() -> None:
    """Keras's momentum has the rate inside: after it falls to 0 the old momentum still moves the weights."""
    w = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = SGD(0.5, momentum=0.5)
    optimizer.apply([torch.tensor([1.0])], [w])
    optimizer.learning_rate = 0.0
    optimizer.apply([torch.tensor([1.0])], [w])
    assert w.item() == pytest.approx(0.25)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}])
def test_other_devices(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    parity.check_foreach("SGD", options, monkeypatch)
