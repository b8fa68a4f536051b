"""`RematScope`: the same training, less kept, more computed; chosen as Keras chooses."""

from __future__ import annotations

import copy
import pickle
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch

import kerastorch as keras
from kerastorch import layers
from kerastorch.nn import remat_scope

CALLS: list[str] = []


class Counted(layers.Layer):  # type: ignore[misc]
    """Tells when it is computed; draws numbers, adds a loss and holds a layer with running statistics."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = layers.Dense(12, activation="tanh")
        self.norm = layers.BatchNormalization()
        self.drop = layers.Dropout(0.4, seed=3)
        self.noise = layers.GaussianNoise(0.1)

    def build(self, shape: Any) -> None:
        self.dense.build(shape)
        self.norm.build((*shape[:-1], 12))

    def call(self, x: Any) -> Any:
        CALLS.append(self.name)
        hidden = self.dense(x)
        self.add_loss(hidden.square().mean())
        return self.noise(self.drop(self.norm(hidden)))


X = np.random.default_rng(0).normal(size=(20, 5))
Y = X.sum(1, keepdims=True)


def train(mode: Any, **options: Any) -> dict[str, Any]:
    """Two epochs of a model whose layers were made in a scope: all that came of it."""
    CALLS.clear()
    keras.utils.set_random_seed(1)
    with keras.RematScope(mode, **options):
        blocks = [Counted(name="a"), Counted(name="b")]
    x = keras.Input((5,))
    model = keras.Model(x, layers.Dense(1)(blocks[1](blocks[0](x))))
    CALLS.clear()
    model.compile("adam", "mse", precision="64", device="cpu")
    history = model.fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0, check_data=False).history
    return {"loss": history["loss"], "weights": model.get_weights(), "added": len(model.losses), "calls": [*CALLS]}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    pairs = zip(one["weights"], other["weights"], strict=True)
    equal = one["loss"] == other["loss"] and one["added"] == other["added"]
    return equal and all((a == b).all() for a, b in pairs)


def test_the_same_training_bit_for_bit() -> None:
    """Losses, weights, running averages; with seeded and unseeded random numbers, and losses that layers add."""
    plain, steps = train(None), 4
    once = plain["calls"].count("a")
    for options, again in (
        ({"mode": "full"}, {"a", "b"}),
        ({"mode": "activations"}, set()),
        ({"mode": "larger_than", "output_size_threshold": 100}, {"a", "b"}),
        ({"mode": "larger_than", "output_size_threshold": 120}, set()),  # 10 rows of 12 are no more than 120
        ({"mode": "list_of_layers", "layer_names": ["b"]}, {"b"}),
    ):
        found = train(**options)
        assert same(found, plain), options
        for name in "ab":
            probes = options["mode"] == "larger_than"  # the output's size is found once, by a call without memory
            assert found["calls"].count(name) == once + steps * (name in again) + probes, (options, name)


def kept(function: Any, *args: Any) -> int:
    """Bytes kept for the backward pass."""
    seen: dict[int, int] = {}

    def note(t: torch.Tensor) -> torch.Tensor:
        seen[t.data_ptr()] = t.untyped_storage().nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        function(*args).sum().backward()
    return sum(seen.values())


def deep(mode: Any) -> Any:
    keras.utils.set_random_seed(1)
    with keras.RematScope(mode):
        blocks = [layers.Dense(64, activation="gelu") for _ in range(4)]
        return keras.Sequential([keras.Input((64,)), *blocks])


def test_less_is_kept() -> None:
    x = torch.randn(512, 64, requires_grad=True)
    plain, full, activations = (kept(deep(mode), x) for mode in (None, "full", "activations"))
    assert full < 0.6 * plain, (full, plain)
    assert activations <= plain


@pytest.mark.parametrize("mode", ["full", "activations"])
def test_gradients_of_one_call_in_a_mode_of_its_own(mode: str) -> None:
    """`training=True` holds for the second computation too, though the layer has left training mode by then."""

    def gradients(mode: Any) -> list[torch.Tensor]:
        keras.utils.set_random_seed(1)
        with keras.RematScope(mode):
            layer = Counted()
        torch.manual_seed(5)
        layer(torch.ones(6, 5).cumsum(0), training=True).square().sum().backward()
        return [p.grad for p in layer.parameters() if p.grad is not None]

    expected, found = gradients(None), gradients(mode)
    assert expected and all(torch.equal(a, b) for a, b in zip(expected, found, strict=True))


def test_copies_keep_the_rule_and_clones_do_not() -> None:
    with keras.RematScope():
        layer = layers.Dense(3)
    layer.build((None, 2))
    for made, expected in (
        (copy.deepcopy(layer), True),
        (pickle.loads(pickle.dumps(layer)), True),
        (layers.Dense.from_config(layer.get_config()), False),
    ):
        with mock.patch.object(remat_scope, "checkpoint", wraps=remat_scope.checkpoint) as called:
            made(torch.ones(1, 2)).sum().backward()
            with torch.no_grad():
                made(torch.ones(1, 2))
        assert called.call_count == int(expected)


def test_an_activation_may_be_a_module() -> None:
    with keras.RematScope("activations"):
        layer = layers.Dense(3, activation=layers.LeakyReLU())
    layer(torch.ones(2, 4)).sum().backward()
    assert isinstance(layer.activation, layers.LeakyReLU) and layer.kernel.shape == (4, 3)
    assert all(p.grad is not None for p in layer.parameters())


SCOPES: list[dict[str, Any]] = [
    {"mode": "full"},
    {"mode": "activations"},
    {"mode": "larger_than", "output_size_threshold": 20},
    {"mode": "larger_than", "output_size_threshold": 21},
    {"mode": "larger_than"},
    {"mode": "list_of_layers", "layer_names": ["first"]},
    {"mode": "list_of_layers"},
    {"mode": None},
]


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_as_keras_chooses(scope: dict[str, Any]) -> None:
    """What is computed again by Keras is by us: counted in an activation that both call."""
    import keras as real

    def calls(library: Any) -> int:
        seen = []

        def activation(x: Any) -> Any:
            seen.append(tuple(x.shape))
            return x.sin() if hasattr(x, "sin") else x

        with library.RematScope(**scope):
            first = library.layers.Dense(7, name="first", activation=activation)
            with library.RematScope(None):
                second = library.layers.Dense(7, name="second", activation=activation)
        second(first(torch.ones(3, 4)))
        seen.clear()
        second(first(torch.ones(3, 4))).sum().backward()
        return len([shape for shape in seen if shape == (3, 7)])

    ours = calls(keras)
    assert ours == calls(real) and ours in (2, 3)


def test_bad_arguments_and_nesting() -> None:
    with pytest.raises(ValueError, match=r"(?s)`mode` of RematScope.*Did you mean 'full'"):
        keras.RematScope("ful")
    with pytest.raises(TypeError, match="`output_size_threshold` of RematScope"):
        keras.RematScope("larger_than", output_size_threshold="1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`layer_names` of RematScope"):
        keras.RematScope("list_of_layers", layer_names="dense")
    with pytest.raises(RuntimeError, match="of the block"), keras.RematScope():
        raise RuntimeError("of the block")
    assert layers.Dense(1)._remat is None  # the scope was left
