from __future__ import annotations

from typing import Any

import pytest

from kerastorch.optimizers import Adagrad
from tests.optimizers import parity


@parity.options(
    {"initial_accumulator_value": 0.5, "epsilon": 0.01},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Adagrad", options, dtype)


@pytest.mark.parametrize("options", [{"initial_accumulator_value": -0.1}, {"epsilon": None}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Adagrad(**options)


def test_other_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    parity.check_foreach("Adagrad", {"epsilon": 0.01}, monkeypatch)
