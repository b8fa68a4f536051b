"""Conv1D, Conv2D, Conv3D beside Keras."""

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

SIZES = {1: (7,), 2: (7, 6), 3: (5, 6, 5)}


def shape(rank: int, data_format: str, channels: int = 4) -> tuple[int, ...]:
    """The shape of a batch of 2."""
    space = SIZES[rank]
    return (2, *space, channels) if data_format == "channels_last" else (2, channels, *space)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_contract(rank: int, data_format: str) -> None:
    run_layer_contract(
        getattr(layers, f"Conv{rank}D"),
        {
            "filters": 6,
            "kernel_size": 3,
            "padding": "same",
            "data_format": data_format,
            "activation": "relu",
            "kernel_initializer": "he_normal",
            "kernel_regularizer": "l2",
            "bias_constraint": "non_neg",
        },
        shape(rank, data_format),
        expected_trainable_weights=2,
        expected_non_trainable_weights=0,
        expected_state_keys=["bias", "weight"],
        unknown_axes=tuple(range(1, rank + 1)) if data_format == "channels_last" else tuple(range(2, rank + 2)),
    )


def compare(name: str, arguments: dict[str, Any], inputs: np.ndarray[Any, Any]) -> float:
    """The largest difference to Keras of outputs and gradients, with the same weights."""
    import keras

    ours, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    x, z = (torch.from_numpy(inputs.copy()).requires_grad_() for _ in range(2))
    theirs(z)
    ours.build(inputs.shape)
    values = [np.random.default_rng(5).normal(size=w.shape).astype("float32") for w in theirs.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    found, wanted = ours(x), theirs(z)
    assert found.shape == wanted.shape
    assert ours.compute_output_shape((None, *inputs.shape[1:])) == (None, *found.shape[1:])
    factor = torch.rand(found.shape, generator=torch.Generator().manual_seed(0))
    (found * factor).sum().backward()
    (wanted * factor).sum().backward()
    pairs = [(found, wanted), (x.grad, z.grad)]
    pairs += [
        (mine.keras_layout.to_keras(mine.grad), other.value.grad)
        for mine, other in zip(ours.weights, theirs.weights, strict=True)
    ]
    worst = 0.0
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=1e-5, atol=2e-5)
        worst = max(worst, float((a - b).detach().abs().max()))
    return worst


GRID = [
    (strides, padding, dilation, data_format, groups, kernel)
    for strides, padding, dilation, data_format, groups, kernel in itertools.product(
        (1, 2, 3), ("valid", "same"), (1, 2), ("channels_last", "channels_first"), (1, 2), (2, 3)
    )
    if strides == 1 or dilation == 1
]


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_grid_beside_keras(rank: int) -> None:
    generator = np.random.default_rng(rank)
    for strides, padding, dilation, data_format, groups, kernel in GRID:
        inputs = generator.normal(size=shape(rank, data_format)).astype("float32")
        arguments = {
            "filters": 6,
            "kernel_size": kernel,
            "strides": strides,
            "padding": padding,
            "data_format": data_format,
            "dilation_rate": dilation,
            "groups": groups,
        }
        compare(f"Conv{rank}D", arguments, inputs)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (1, 3)])
@pytest.mark.parametrize("kernel", [1, 2, 5])
def test_causal(kernel: int, strides: int, dilation: int, data_format: str) -> None:
    inputs = np.random.default_rng(0).normal(size=shape(1, data_format)).astype("float32")
    arguments = {"filters": 3, "kernel_size": kernel, "strides": strides, "dilation_rate": dilation}
    compare("Conv1D", {**arguments, "padding": "causal", "data_format": data_format}, inputs)


@given(
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.tuples(st.integers(1, 4), st.integers(1, 4)),
)
def test_same_padding_at_any_size(height: int, width: int, kernel: tuple[int, int], strides: tuple[int, int]) -> None:
    inputs = np.random.default_rng(0).normal(size=(1, height, width, 2)).astype("float32")
    compare("Conv2D", {"filters": 2, "kernel_size": kernel, "strides": strides, "padding": "same"}, inputs)


def test_without_bias_and_with_masks() -> None:
    layer = layers.Conv1D(2, 3, use_bias=False)
    layer(torch.zeros(1, 5, 2))
    assert sorted(layer.state_dict()) == ["weight"]
    assert layer.kernel.shape == (3, 2, 2)
    assert layer.kernel.data_ptr() == layer.weight.data_ptr()


def test_a_state_dict_of_torch_fits() -> None:
    theirs = torch.nn.Conv2d(3, 4, 3)
    ours = layers.Conv2D(4, 3, data_format="channels_first")
    ours.build((None, 3, 8, 8))
    ours.load_state_dict(theirs.state_dict())
    inputs = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(ours(inputs), theirs(inputs))


@pytest.mark.parametrize("name", ["Conv2D", "Conv2DTranspose"])
def test_kernels_lie_in_memory_as_the_inputs_do(name: str) -> None:
    layer, first = getattr(layers, name)(8, 3), getattr(layers, name)(8, 3, data_format="channels_first")
    layer(torch.rand(2, 8, 8, 4)).sum().backward()
    first(torch.rand(2, 4, 8, 8))
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)
    assert layer.weight.grad.is_contiguous(memory_format=torch.channels_last)
    assert first.weight.is_contiguous()
    layer.load_state_dict({k: v.contiguous() for k, v in layer.state_dict().items()})
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)


def test_few_calls() -> None:
    import cProfile
    import pstats

    layer, inputs = layers.Conv2D(4, 3), torch.rand(2, 8, 8, 3)
    layer(inputs)
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(100):
        layer(inputs)
    profile.disable()
    # __call__, _call_impl, call, enter, first, permute, 2 weights of the module, conv2d, leave, permute
    assert pstats.Stats(profile).total_calls / 100 < 16  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"filters": 0}, "`filters` of Conv2D"),
        ({"filters": 2.5}, "`filters` of Conv2D"),
        ({"groups": 0}, "`groups` of Conv2D"),
        ({"filters": 4, "groups": 3}, "a multiple of groups=3"),
        ({"strides": 2, "dilation_rate": 2}, "at most one of them above 1"),
        ({"lora_rank": 4}, "`lora_rank` of Conv2D"),
        ({"activation": "rleu"}, "Did you mean 'relu'"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        layers.Conv2D(**{"filters": 4, "kernel_size": 3, **arguments})
    with pytest.raises(ValueError, match="Channels of the input of layer"):
        layers.Conv2D(4, 3, groups=2).build((None, 8, 8, 3))
