"""Weights: names, order, layouts, buffers, moving, and what a module without Keras's words has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch
from kerastorch import layers
from kerastorch.nn import weights
from kerastorch.nn.variable import Layout, Variable


class Mixed(layers.Layer):
    """Weights of every kind, made in an order that is not Keras's."""

    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight(shape=(), initializer="zeros", dtype="int64", trainable=False, name="count")
        self.inner = layers.Dense(2, name="inner")
        self.inner.build((None, 3))
        self.kernel = self.add_weight(shape=(3, 4), name="kernel", layout=Layout(1, 0))
        self.add_weight(shape=2, initializer="ones", name="loose")
        self.torchs = nn.BatchNorm1d(2)

    def call(self, inputs: Any) -> Any:
        return inputs @ self.kernel.T


def _built() -> Mixed:
    layer = Mixed(name="mixed")
    layer(torch.zeros(1, 3))
    return layer


def test_names_paths_and_state() -> None:
    layer = _built()
    assert layer.kernel.path == "mixed/kernel" and layer.kernel.name == "kernel"
    assert sorted(layer.state_dict()) == [
        "count",
        "inner.bias",
        "inner.weight",
        "kernel",
        "loose",
        "torchs.bias",
        "torchs.num_batches_tracked",
        "torchs.running_mean",
        "torchs.running_var",
        "torchs.weight",
    ]
    assert dict(layer.named_parameters()).keys() >= {"kernel", "loose", "inner.weight"}
    assert "count" in dict(layer.named_buffers())


def test_kerass_order() -> None:
    names = [w.name if isinstance(w, Variable) else "torch" for w in _built().weights]
    assert names == ["kernel", "loose", "count", "kernel", "bias", *["torch"] * 5]


def test_keras_layout_at_the_border() -> None:
    layer = _built()
    assert layer.kernel.shape == (4, 3) and layer.get_weights()[0].shape == (3, 4)
    values = [np.asarray(np.random.rand(*w.shape) * 9, w.dtype) for w in layer.get_weights()]
    layer.set_weights(values)
    np.testing.assert_array_equal(layer.kernel.detach().numpy(), values[0].T)
    for a, b in zip(layer.get_weights(), values, strict=True):
        np.testing.assert_array_equal(a, b)


def test_set_weights_checks_before_it_writes() -> None:
    layer = layers.Dense(2, name="head")
    layer(torch.zeros(1, 3))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="2 arrays, received 1 arrays"):
        layer.set_weights(before[:1])
    with pytest.raises(ValueError, match=r"head/bias of 'head': expected shape \(2,\)"):
        layer.set_weights([np.ones((3, 2)), np.ones(3)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_trainable_lists() -> None:
    layer = _built()
    assert [w.name for w in layer.trainable_weights if isinstance(w, Variable)] == ["kernel", "loose", "kernel", "bias"]
    assert layer.count in layer.non_trainable_weights
    assert layer.variables == layer.weights and layer.trainable_variables == layer.trainable_weights
    layer.trainable = False
    assert not layer.trainable_weights and not layer.inner.trainable
    layer.trainable = True
    assert len(layer.trainable_weights) == 6 and layer.count.requires_grad is False


def test_made_frozen() -> None:
    layer = layers.Dense(2, trainable=False)
    layer(torch.zeros(1, 3))
    assert not layer.trainable_weights and len(layer.non_trainable_weights) == 2


def test_count_params() -> None:
    layer = layers.Dense(2)
    layer(torch.zeros(1, 3))
    assert layer.count_params() == 8


@pytest.mark.parametrize(
    ("kwargs", "shape", "dtype"),
    [
        ({}, (), torch.float32),
        ({"shape": 3}, (3,), torch.float32),
        ({"shape": [2, 3]}, (2, 3), torch.float32),
        ({"shape": (2,), "dtype": "int32"}, (2,), torch.int32),
        ({"shape": (2,), "dtype": torch.float64}, (2,), torch.float64),
        ({"shape": (2,), "initializer": np.arange(2)}, (2,), torch.float32),
        ({"shape": (2,), "initializer": torch.arange(2.0, dtype=torch.float64)}, (2,), torch.float32),
        ({"shape": (2,), "initializer": lambda shape, dtype=None: torch.full(shape, 7.0)}, (2,), torch.float32),
    ],
)
def test_add_weight(kwargs: dict[str, Any], shape: Any, dtype: Any) -> None:
    made = layers.Layer().add_weight(**kwargs)
    assert tuple(made.shape) == shape and made.dtype is dtype


@pytest.mark.parametrize("values", [np.arange(3.0), torch.arange(3.0)], ids=["array", "tensor"])
def test_values_as_an_initializer_like_keras(values: Any) -> None:
    import keras

    ours, theirs = (k.layers.Layer().add_weight(shape=(3,), initializer=values) for k in (kerastorch, keras))
    np.testing.assert_array_equal(ours.numpy(), theirs.value.detach().numpy())


def test_unassigned_weights_keep_unique_names() -> None:
    layer = layers.Layer()
    for _ in range(2):
        layer.add_weight(shape=(), name="w")
    assert list(layer.state_dict()) == ["w", "w_1"]


def test_an_attribute_takes_over_the_name() -> None:
    layer = layers.Layer()
    layer.other = layer.add_weight(shape=(), name="w")
    assert list(layer.state_dict()) == ["other"]
    layer.other = layer.add_weight(shape=(2,), name="w")
    assert list(layer.state_dict()) == ["other"] and layer.other.shape == (2,)


def test_penalties_see_keras_layout() -> None:
    seen = []
    layer = layers.Dense(2, kernel_regularizer=lambda w: seen.append(tuple(w.shape)) or w.square().sum())
    layer(torch.zeros(1, 3))
    assert len(weights.penalties(layer)) == 1 and seen == [(3, 2)]
    layer.losses[0].backward()
    torch.testing.assert_close(layer.weight.grad, 2 * layer.weight.detach())
    layer.trainable = False
    assert layer.losses == []


def test_moving_keeps_the_objects() -> None:
    layer = layers.BatchNormalization()
    layer(torch.zeros(2, 3))
    before = [id(w) for w in layer.weights]
    layer.double()
    assert [id(w) for w in layer.weights] == before
    assert {w.dtype for w in layer.weights} == {torch.float64}
    assert layer.running_mean is layer._buffers["running_mean"] and isinstance(layer.running_mean, Variable)
    assert layer(torch.zeros(2, 3, dtype=torch.float64)).dtype is torch.float64
    assert layer(torch.zeros(2, 3)).dtype is torch.float64  # the policy followed
    layer.to("meta")
    assert {w.device.type for w in layer.weights} == {"meta"}
    assert all(isinstance(w, Variable) for w in layer.weights) and layer.weight.path == "batch_normalization/gamma"
    layer.to_empty(device="cpu")
    assert [(w.name, w.trainable) for w in layer.weights][1:3] == [("beta", True), ("moving_mean", False)]


def test_collect_of_a_torch_module() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert len(weights.collect(module)) == 7
    module[0].register_buffer("scratch", torch.zeros(1), persistent=False)
    assert len(weights.collect(module)) == 7


def test_shared_weights_count_once() -> None:
    shared = layers.Dense(3)
    shared.build((None, 3))
    assert len(weights.collect(nn.ModuleList([shared, shared, nn.ReLU()]))) == 2


def test_own_weights_as_files_number_them() -> None:
    layer = layers.BatchNormalization()
    layer(torch.zeros(2, 3))
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    assert sorted(store) == ["0", "1", "2", "3"] and all(isinstance(v, np.ndarray) for v in store.values())
    fresh = layers.BatchNormalization()
    fresh.build((None, 3))
    fresh.load_own_variables({k: v + 1 for k, v in store.items()})
    np.testing.assert_array_equal(fresh.get_weights()[2], store["2"] + 1)
    with pytest.raises(ValueError, match="4 arrays, received 3 arrays"):
        fresh.load_own_variables({k: store[k] for k in "012"})


def test_bfloat16_weights_come_as_float32() -> None:
    layer = layers.Dense(2, dtype="bfloat16")
    layer(torch.zeros(1, 3))
    assert layer.get_weights()[0].dtype == np.float32
    layer.set_weights(layer.get_weights())
    assert layer.weight.dtype is torch.bfloat16
