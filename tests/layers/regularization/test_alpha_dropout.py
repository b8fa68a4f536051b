"""`AlphaDropout` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    "kwargs", [{"rate": 0.3, "seed": 1}, {"rate": 0.3, "seed": 1, "noise_shape": (None, 1)}, {"rate": 0}]
)
def test_contract(kwargs: dict[str, Any]) -> None:
    run_layer_contract(
        layers.AlphaDropout, kwargs, (5, 4), expected_output_shape=(5, 4), expected_state_keys=[], supports_masking=True
    )


def test_mean_and_variance_are_kept() -> None:
    outputs = layers.AlphaDropout(0.3)(torch.randn(500, 500), training=True)
    assert abs(float(outputs.mean())) < 0.02 and abs(float(outputs.std()) - 1.0) < 0.02


def test_rate_is_checked_when_made() -> None:
    with pytest.raises(ValueError, match="`rate` of AlphaDropout"):
        layers.AlphaDropout(1.0)
