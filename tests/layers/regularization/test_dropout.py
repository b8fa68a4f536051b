"""`Dropout` beside Keras's."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("kwargs", [{"rate": 0.0}, {"rate": 0.3}, {"rate": 1}])
def test_contract(kwargs: dict[str, Any]) -> None:
    run_layer_contract(
        layers.Dropout, kwargs, (2, 3), training_modes=(False,), expected_state_keys=[], supports_masking=True
    )


@pytest.mark.parametrize("noise_shape", [None, (None, 1, 4), (20, 3, 1)])
def test_contract_with_a_seed_gives_kerass_numbers(noise_shape: Any) -> None:
    run_layer_contract(
        layers.Dropout, {"rate": 0.4, "seed": 3, "noise_shape": noise_shape}, (20, 3, 4), unknown_axes=()
    )


def test_share_and_scale() -> None:
    x = torch.ones(200, 500)
    outputs = layers.Dropout(0.3)(x, training=True)
    assert abs(float((outputs == 0).float().mean()) - 0.3) < 0.01
    torch.testing.assert_close(outputs.max(), torch.tensor(1 / 0.7))


def test_rates_zero_and_one() -> None:
    x = torch.ones(3)
    assert layers.Dropout(0.0)(x, training=True).tolist() == [1.0, 1.0, 1.0]
    assert layers.Dropout(1)(x, training=True).tolist() == [0.0, 0.0, 0.0]


def test_only_in_training_mode() -> None:
    layer, x = layers.Dropout(0.5), torch.ones(100)
    assert layer(x) is x and layer(x, training=False) is x
    assert 0.0 in layer(x, training=True)
    assert 0.0 in layer.train()(x)
    assert layer.eval()(x) is x


def test_without_a_seed_torchs_generator_decides() -> None:
    layer, x = layers.Dropout(0.5), torch.ones(100)
    torch.manual_seed(1)
    first, second = layer(x, training=True), layer(x, training=True)
    torch.manual_seed(1)
    assert torch.equal(layer(x, training=True), first) and not torch.equal(first, second)


def test_a_seed_gives_numbers_of_its_own() -> None:
    x = torch.ones(100)
    first, second = layers.Dropout(0.5, seed=1), layers.Dropout(0.5, seed=1)
    state = torch.get_rng_state()
    for _ in range(3):
        assert torch.equal(first(x, training=True), second(x, training=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(copy.deepcopy(first)(x, training=True), second(x, training=True))


def test_a_seeded_layer_goes_on_from_a_checkpoint() -> None:
    layer, x = layers.Dropout(0.5, seed=1), torch.ones(100)
    layer(x, training=True)
    state = layer.seed_generator.get_state()  # type: ignore[union-attr]
    wanted = layer(x, training=True)
    resumed = layers.Dropout(0.5, seed=99)
    resumed.seed_generator.set_state(state)  # type: ignore[union-attr]
    assert torch.equal(resumed(x, training=True), wanted)


def test_monte_carlo_dropout_by_subclassing() -> None:
    class Always(layers.Dropout):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs, training=True)

    assert 0.0 in Always(0.5)(np.ones(100, "float32"))


@pytest.mark.parametrize("rate", [1.5, -0.1, "0.5", None])
def test_rate_is_checked_when_made(rate: Any) -> None:
    with pytest.raises(ValueError, match="`rate` of Dropout"):
        layers.Dropout(rate)


@pytest.mark.parametrize("noise_shape", ["1", 3, (0,), (1.5,)])
def test_noise_shape_is_checked_when_made(noise_shape: Any) -> None:
    with pytest.raises(ValueError, match="`noise_shape` of Dropout"):
        layers.Dropout(0.5, noise_shape=noise_shape)
