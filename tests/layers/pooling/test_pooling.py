"""Max and average pooling beside Keras."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract

SIZES = {1: (9,), 2: (9, 6), 3: (7, 6, 5)}
NAMES = [f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)]


def shape(rank: int, data_format: str) -> tuple[int, ...]:
    """The shape of a batch of 2 with 3 channels."""
    return (2, *SIZES[rank], 3) if data_format == "channels_last" else (2, 3, *SIZES[rank])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", NAMES)
def test_contract(name: str, data_format: str) -> None:
    rank = int(name[-2])
    run_layer_contract(
        getattr(layers, name),
        {"pool_size": 3, "strides": 2, "padding": "same", "data_format": data_format},
        shape(rank, data_format),
        expected_trainable_weights=0,
        unknown_axes=tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2)),
    )


def compare(name: str, arguments: dict[str, Any], inputs: np.ndarray[Any, Any]) -> None:
    """Outputs and input gradients beside Keras."""
    import keras

    ours, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    x, z = (torch.from_numpy(inputs.copy()).requires_grad_() for _ in range(2))
    found, wanted = ours(x), theirs(z)
    assert ours.compute_output_shape((None, *inputs.shape[1:])) == (None, *found.shape[1:])
    factor = torch.rand(wanted.shape, generator=torch.Generator().manual_seed(0))
    (found * factor).sum().backward()
    (wanted * factor).sum().backward()
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(x.grad, z.grad, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_grid_beside_keras(name: str) -> None:
    generator = np.random.default_rng(1)
    grid = itertools.product((1, 2, 3, 4), (None, 1, 2, 3), ("valid", "same"), ("channels_last", "channels_first"))
    for size, strides, padding, data_format in grid:
        inputs = generator.normal(size=shape(int(name[-2]), data_format)).astype("float32")
        arguments = {"pool_size": size, "strides": strides, "padding": padding, "data_format": data_format}
        compare(name, arguments, inputs)


@given(
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    window=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    kind=st.sampled_from(["Max", "Average"]),
    ties=st.booleans(),
)
def test_same_padding_at_any_size(size: Any, window: Any, strides: Any, kind: str, ties: bool) -> None:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(1, *size, 2)).astype("float32")
    inputs = np.round(inputs) if ties else inputs
    compare(f"{kind}Pooling2D", {"pool_size": window, "strides": strides, "padding": "same"}, inputs)


def test_even_padding_does_not_count_in_the_mean() -> None:
    outputs = layers.AveragePooling1D(3, strides=1, padding="same")(torch.tensor([[[3.0], [6.0], [9.0]]]))
    assert outputs.flatten().tolist() == [4.5, 6.0, 7.5]


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="`pool_size` of MaxPooling2D"):
        layers.MaxPooling2D(0)
    with pytest.raises(ValueError, match="`strides` of AveragePooling1D"):
        layers.AveragePooling1D(2, strides=-1)
    with pytest.raises(ValueError, match="`padding` of MaxPooling3D"):
        layers.MaxPooling3D(padding="causal")
