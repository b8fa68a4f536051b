"""`TorchModuleWrapper`: a torch module as one layer."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from kerastorch import layers
from kerastorch.base import serialization
from kerastorch.nn.keras_tensor import KerasTensor


class ComputesWithSizes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, *rest = x.shape
        return self.linear(x.view(batch, int(np.prod(rest))))


def test_values_and_state_are_the_modules() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4))
    layer = layers.TorchModuleWrapper(module)
    x = torch.randn(5, 3)
    torch.testing.assert_close(layer(x), module.eval()(x))
    assert sorted(layer.state_dict()) == sorted(f"module.{k}" for k in module.state_dict())
    assert len(layer.trainable_weights) == 4


def test_training_mode_reaches_the_module() -> None:
    layer = layers.TorchModuleWrapper(nn.Dropout(0.5))
    x = torch.ones(100)
    assert layer(x).tolist() == x.tolist()
    assert 0.0 in layer(x, training=True)
    assert not layer.module.training  # one call only


def test_one_node_whatever_the_module_does() -> None:
    out = layers.TorchModuleWrapper(ComputesWithSizes())(KerasTensor((None, 2, 3)))
    assert out.shape == (None, 2)
    assert isinstance(out.node.target, layers.TorchModuleWrapper)


def test_output_shape_as_given() -> None:
    assert layers.TorchModuleWrapper(nn.Identity(), output_shape=(None, 9))(KerasTensor((None, 3))).shape == (None, 9)


def test_copies() -> None:
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2))
    x = torch.randn(1, 3)
    for made in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.testing.assert_close(made(x), layer(x))


def test_a_module_is_never_written() -> None:
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2), name="w")
    with pytest.raises(ValueError, match="cannot be written to a config"):
        serialization.serialize_keras_object(layer)


def test_kerass_file_is_refused() -> None:
    import keras

    config = keras.saving.serialize_keras_object(keras.layers.TorchModuleWrapper(nn.Linear(3, 2)))
    with pytest.raises((ValueError, TypeError), match="module"):
        serialization.deserialize_keras_object(config)


@pytest.mark.parametrize("wrong", [3, "Linear", nn.Linear])
def test_only_modules(wrong: object) -> None:
    with pytest.raises(TypeError, match=r"a torch\.nn\.Module"):
        layers.TorchModuleWrapper(wrong)  # type: ignore[arg-type]


def test_lazy_modules_must_have_been_called() -> None:
    with pytest.raises(ValueError, match="Call it once"):
        layers.TorchModuleWrapper(nn.LazyLinear(3))
