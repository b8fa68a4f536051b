"""Shared checks of constructor arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastorch import activations, layers
from kerastorch.layers import arguments


def test_positive_integer_takes_numpy_integers() -> None:
    assert arguments.positive_integer("n", np.int64(3)) == 3


@pytest.mark.parametrize("value", [0, -1, 2.0, "3", None, True])
def test_positive_integer_refuses(value: Any) -> None:
    with pytest.raises(ValueError, match="`n`: expected an integer >= 1"):
        arguments.positive_integer("`n`", value)


@pytest.mark.parametrize("value", [-0.1, 1.5, "0.5", None, True, float("nan")])
def test_fraction_refuses(value: Any) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        arguments.fraction("`rate`", value)


def test_fraction_without_one() -> None:
    assert arguments.fraction("`rate`", 1.0) == 1.0
    with pytest.raises(ValueError, match="below 1"):
        arguments.fraction("`rate`", 1.0, one=False)


@pytest.mark.parametrize("value", [-1, None, "1", float("nan")])
def test_not_negative_refuses(value: Any) -> None:
    with pytest.raises(ValueError, match=">= 0"):
        arguments.not_negative("`x`", value)


@pytest.mark.parametrize("value", ["1", 1.0, None, True, [1, "2"]])
def test_axes_refuses(value: Any) -> None:
    with pytest.raises(TypeError, match="a list of integers"):
        arguments.axes("`axis`", value)


def test_linear_costs_no_call_and_is_still_written() -> None:
    assert arguments.activation("linear") is None
    assert arguments.activation(activations.linear) is None
    assert arguments.activation_config(None) == "linear"


def test_activations_are_written_by_name() -> None:
    assert arguments.activation_config(activations.relu) == "relu"
    assert arguments.activation_config(layers.LeakyReLU(0.1))["class_name"] == "LeakyReLU"


def test_unknown_activation_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'relu'"):
        layers.Dense(2, activation="rel")


def test_unsupported_options_are_refused() -> None:
    with pytest.raises(ValueError, match="`lora_rank` of Dense: expected None, received 4"):
        layers.Dense(2, lora_rank=4)


def test_known_dimension() -> None:
    assert arguments.known_dimension("d", (None, 3), -1) == 3
    with pytest.raises(ValueError, match="known dimension at axis -1"):
        arguments.known_dimension("d", (2, None), -1)
    with pytest.raises(ValueError, match="axis 4"):
        arguments.known_dimension("d", (2, 3), 4)
