"""`GaussianNoise` and `GaussianDropout` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("cls", "kwargs"),
    [
        (layers.GaussianNoise, {"stddev": 0.3, "seed": 1}),
        (layers.GaussianNoise, {"stddev": 0}),
        (layers.GaussianDropout, {"rate": 0.3, "seed": 1}),
        (layers.GaussianDropout, {"rate": 0.0}),
    ],
)
def test_contract(cls: Any, kwargs: dict[str, Any]) -> None:
    run_layer_contract(cls, kwargs, (5, 4), expected_output_shape=(5, 4), expected_state_keys=[], supports_masking=True)


def test_noise_is_added() -> None:
    noise = layers.GaussianNoise(0.5)(torch.full((300, 300), 3.0), training=True) - 3.0
    assert abs(float(noise.mean())) < 0.01 and abs(float(noise.std()) - 0.5) < 0.01


def test_noise_is_multiplied() -> None:
    noise = layers.GaussianDropout(0.2)(torch.full((300, 300), 3.0), training=True) / 3.0
    assert abs(float(noise.mean()) - 1.0) < 0.01 and abs(float(noise.std()) - 0.5) < 0.01


def test_only_in_training_mode() -> None:
    x = torch.ones(4)
    assert layers.GaussianNoise(0.5)(x) is x and layers.GaussianDropout(0.5)(x) is x


def test_arguments_are_checked_when_made() -> None:
    with pytest.raises(ValueError, match="`stddev` of GaussianNoise"):
        layers.GaussianNoise(-0.1)
    with pytest.raises(ValueError, match="`rate` of GaussianDropout.*below 1"):
        layers.GaussianDropout(1.0)
