from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import Ftrl
from tests.optimizers import parity


@parity.options(
    {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2},
    {"learning_rate_power": -0.7, "beta": 0.5, "l2_shrinkage_regularization_strength": 0.1},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Ftrl", options, dtype)


@pytest.mark.parametrize(
    "options", [{"learning_rate_power": 0.5}, {"l1_regularization_strength": -1.0}, {"initial_accumulator_value": -1.0}]
)
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Ftrl(**options)
