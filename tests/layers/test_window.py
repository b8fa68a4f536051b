"""The window of convolutions and pooling: arguments, padding, shapes, and no copies on the way in and out."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import config, layers
from kerastorch.layers.window import Window, per_dimension

KINDS = ("Conv", "Pool", "Padding", "Cropping", "UpSampling")
NAMES = sorted(n for n in dir(layers) if any(k in n for k in KINDS) and isinstance(getattr(layers, n), type))


@pytest.mark.parametrize("name", NAMES)
def test_arguments_stand_where_keras_has_them(name: str) -> None:
    import keras

    found, wanted = (
        inspect.signature(cls.__init__).parameters for cls in (getattr(m, name) for m in (layers, keras.layers))
    )
    if name.endswith("3DTranspose"):
        found = {n: p for n, p in found.items() if n != "more"}
        wanted = {n: p for n, p in wanted.items() if n in found}
    assert list(found) == list(wanted)


@pytest.mark.parametrize("value", [3, (3, 3), [3, 3], np.int64(3), np.array([3, 3])])
def test_sizes(value: Any) -> None:
    assert per_dimension("`size`", value, 2) == (3, 3)


@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None, (3,), (3, 3, 3), (3, 0), True, (3, None)])
def test_bad_sizes(value: Any) -> None:
    with pytest.raises(ValueError, match="`size`: expected an integer >= 1, or 2 of them"):
        per_dimension("`size`", value, 2)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"kernel_size": 0}, "`kernel_size` of Conv2D"),
        ({"strides": (1, 0)}, "`strides` of Conv2D"),
        ({"padding": "full"}, "`padding` of Conv2D"),
        ({"padding": "causal"}, "`padding` of Conv2D"),
        ({"data_format": "nhwc"}, "`data_format`"),
        ({"dilation_rate": -1}, "`dilation_rate` of Conv2D"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        layers.Conv2D(**{"filters": 2, "kernel_size": 3, **arguments})


def test_the_default_format_is_that_of_the_config() -> None:
    config.set_image_data_format("channels_first")
    assert Window("Conv1D", 1, 3, 1, "VALID", None).data_format == "channels_first"


CONTIGUOUS = [
    ("Conv1D", {"filters": 4, "kernel_size": 3}, 1),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "activation": "relu"}, 1),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "relu"}, 2),
    ("Conv2D", {"filters": 4, "kernel_size": 2, "padding": "same"}, 2),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2}, 2),
    ("Conv3D", {"filters": 4, "kernel_size": 3}, 3),
    ("Conv1DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2}, 1),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 4, "strides": 2, "padding": "same"}, 2),
    ("Conv3DTranspose", {"filters": 4, "kernel_size": 2, "strides": 2}, 3),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, 1),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, 2),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3}, 1),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3}, 2),
    ("MaxPooling1D", {}, 1),
    ("MaxPooling2D", {}, 2),
    ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, 2),
    ("MaxPooling3D", {}, 3),
    ("AveragePooling1D", {}, 1),
    ("AveragePooling2D", {}, 2),
    ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, 2),
    ("ZeroPadding2D", {}, 2),
    ("UpSampling2D", {}, 2),
]


@pytest.mark.parametrize("channels", [1, 3, 8])
@pytest.mark.parametrize(("name", "arguments", "rank"), CONTIGUOUS)
def test_channels_last_comes_out_contiguous(name: str, arguments: dict[str, Any], rank: int, channels: int) -> None:
    layer = getattr(layers, name)(**arguments)
    inputs = torch.rand(2, *(8,) * rank, channels, requires_grad=True)
    outputs = layer(inputs)
    assert outputs.is_contiguous()
    outputs.sum().backward()
    assert inputs.grad is not None and inputs.grad.is_contiguous()
    with torch.no_grad():
        assert layer(inputs).is_contiguous()


@pytest.mark.parametrize("name", ["Conv1D", "Conv2D", "Conv3D", "MaxPooling1D", "MaxPooling2D", "AveragePooling3D"])
def test_nothing_is_copied_on_the_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's kernel gets the very memory of the input, and the layer gives the very memory of the kernel's output."""
    rank = int(name[-2])
    layer = getattr(layers, name)(**({"filters": 4, "kernel_size": 3} if "Conv" in name else {}))
    inputs = torch.rand(2, *(6,) * rank, 3)
    layer(inputs)
    seen: list[torch.Tensor] = []
    enter, leave = layer.window.first, layer.window.leave
    monkeypatch.setattr(layer.window, "first", lambda x: seen.append(enter(x)) or seen[-1])
    monkeypatch.setattr(layer.window, "leave", lambda x: seen.append(x) or leave(x))
    outputs = layer(inputs)
    assert [t.data_ptr() for t in seen] == [inputs.data_ptr(), outputs.data_ptr()]
    formats = {4: torch.channels_last, 5: torch.channels_last_3d}
    assert seen[0].is_contiguous(memory_format=formats[seen[0].ndim])


def test_a_window_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match="Input of Conv2D: expected at least 5 cells"):
        layers.Conv2D(2, 5)(torch.zeros(1, 4, 8, 1))
    with pytest.raises(ValueError, match="Input of MaxPooling1D"):
        layers.MaxPooling1D(5).compute_output_shape((None, 4, 1))
    with pytest.raises(ValueError, match="Input of layer 'conv2d_1' is incompatible"):
        layers.Conv2D(2, 3)(torch.zeros(8, 8, 1))
    with pytest.raises(ValueError, match="known dimension at axis -1"):
        layers.Conv2D(2, 3).build((None, 8, 8, None))


def test_a_uint8_image_is_taken_as_floats() -> None:
    layer = layers.Conv2D(2, 3)
    image = torch.randint(0, 255, (1, 8, 8, 3), dtype=torch.uint8)
    assert torch.equal(layer(image), layer(image.float()))
    assert torch.equal(layer(np.asarray(image)), layer(image.float()))
