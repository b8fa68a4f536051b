"""`ReLU`, `LeakyReLU` and `ELU` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("cls", "kwargs"),
    [
        (layers.ReLU, {}),
        (layers.ReLU, {"max_value": 0.5}),
        (layers.ReLU, {"negative_slope": 0.1}),
        (layers.ReLU, {"max_value": 0.5, "negative_slope": 0.1, "threshold": 0.2}),
        (layers.LeakyReLU, {}),
        (layers.LeakyReLU, {"negative_slope": 0.0}),
        (layers.ELU, {}),
        (layers.ELU, {"alpha": 0.7}),
    ],
)
def test_contract(cls: Any, kwargs: dict[str, Any]) -> None:
    run_layer_contract(cls, kwargs, (2, 3, 4), expected_output_shape=(2, 3, 4), supports_masking=True)


@pytest.mark.parametrize(
    "kwargs", [{"max_value": -1.0}, {"negative_slope": -1.0}, {"negative_slope": None}, {"threshold": -1}]
)
def test_relu_refuses_negative_arguments(kwargs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="of ReLU: expected a number >= 0"):
        layers.ReLU(**kwargs)


def test_leaky_relu_refuses_negative_slopes() -> None:
    with pytest.raises(ValueError, match="`negative_slope` of LeakyReLU"):
        layers.LeakyReLU(-0.1)


def test_the_older_name_of_the_slope() -> None:
    assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1
