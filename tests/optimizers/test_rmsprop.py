from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import RMSprop
from tests.optimizers import parity


@parity.options(
    {"momentum": 0.9},
    {"centered": True, "epsilon": 0.001},
    {"momentum": 0.5, "centered": True, "epsilon": 0.001},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("RMSprop", options, dtype)


@pytest.mark.parametrize("options", [{"rho": 1.5}, {"momentum": -0.1}, {"epsilon": "small"}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        RMSprop(**options)
