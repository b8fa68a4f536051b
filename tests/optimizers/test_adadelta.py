from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import Adadelta
from tests.optimizers import parity


@parity.options(
    {"rho": 0.5, "epsilon": 0.001},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Adadelta", options, dtype)


@pytest.mark.parametrize("options", [{"rho": -0.5}, {"epsilon": -1.0}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Adadelta(**options)
