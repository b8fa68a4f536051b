from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import Lamb
from tests.optimizers import parity


@parity.options(
    {"beta_1": 0.5, "epsilon": 0.01},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Lamb", options, dtype)


@pytest.mark.parametrize("options", [{"beta_1": 1.0}, {"epsilon": -1.0}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Lamb(**options)
