from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import Lion
from tests.optimizers import parity


@parity.options(
    {"beta_1": 0.5, "beta_2": 0.7},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Lion", options, dtype)


@pytest.mark.parametrize("options", [{"beta_1": 0.0}, {"beta_2": 1.5}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Lion(**options)
