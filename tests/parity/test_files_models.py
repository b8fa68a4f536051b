"""Every kind of model goes through files both ways, values and places in the file alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.saving import files

# Keras 3.15 on NumPy 2: its variables have the `__array__` of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def _forget_registrations() -> Any:
    import keras

    import kerastorch

    kept = [
        (library.saving.get_custom_objects(), dict(library.saving.get_custom_objects()))
        for library in (keras, kerastorch)
    ]
    yield
    for known, before in kept:
        known.clear()
        known.update(before)


def _x(*shapes: tuple[int, ...]) -> Any:
    generator = np.random.default_rng(5)
    made = [generator.uniform(-1.0, 1.0, (6, *shape)).astype("float32") for shape in shapes]
    return made if len(made) > 1 else made[0]


def convnet(k: Any) -> Any:
    layers = k.layers
    stack = [
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.BatchNormalization(),
    ]
    return k.Sequential([k.Input((8, 8, 3)), *stack, layers.Flatten(), layers.Dropout(0.3), layers.Dense(3, "softmax")])


def built_late(k: Any) -> Any:
    model = k.Sequential([k.layers.Dense(4), k.layers.Dense(4, name="mine"), k.layers.Dense(2)])
    model.build((None, 5))
    return model


def branches(k: Any) -> Any:
    """Branches of different lengths: Keras numbers layers by depth, not by when they were made."""
    dense = k.layers.Dense
    a, b = k.Input((4,)), k.Input((4,))
    short, long = dense(4)(a), dense(4)(dense(4)(dense(4)(b)))
    joined = k.layers.Concatenate()([short, long, dense(4)(b)])
    return k.Model([a, b], [dense(3)(joined), dense(1)(short)])


def shared(k: Any) -> Any:
    a, b = k.Input((4,), name="a"), k.Input((4,), name="b")
    twin, last = k.layers.Dense(4, activation="tanh"), k.layers.Dense(2)
    outputs = {"one": last(k.layers.Subtract()([twin(a), twin(twin(b))])), "two": k.layers.Dense(3)(b)}
    return k.Model({"a": a, "b": b}, outputs)


def nested(k: Any) -> Any:
    dense = k.layers.Dense
    inner_input = k.Input((4,))
    innermost = k.Sequential([k.Input((4,)), dense(4), k.layers.BatchNormalization()])
    inner = k.Model(inner_input, k.layers.Add()([innermost(inner_input), dense(4)(inner_input)]))
    x = k.Input((4,))
    return k.Model(x, dense(2)(inner(inner(x) + 1.0)))


def models_at_the_ends(k: Any) -> Any:
    """Models inside give the outputs: Keras counts their calls from 1 there, and from 0 between layers."""
    x = k.Input((4,))
    inner = k.Model(x, k.layers.Dense(4)(x))
    y = k.Input((4,))
    return k.Model(y, [inner(y), inner(inner(y)), k.Sequential([k.Input((4,)), k.layers.Dense(2)])(y)])


def stack_of_models(k: Any) -> Any:
    x = k.Input((4,))
    first = k.Model(x, k.layers.Dense(3)(x))
    return k.Sequential([first, k.layers.Dense(2), k.Sequential([k.layers.Dense(2), k.layers.Dense(1)])])


def shared_between_models(k: Any) -> Any:
    """Two models inside hold the same layer."""
    both = k.layers.Dense(4)
    x = k.Input((4,))
    first = k.Sequential([k.Input((4,)), both, k.layers.Dense(3)])
    second = k.Sequential([k.Input((4,)), both, k.layers.Dense(2)])
    return k.Model(x, [first(x), second(x)])


def operations(k: Any) -> Any:
    x = k.Input((4, 3))
    y = k.ops.relu(k.layers.Dense(3)(x) - 0.2) * 2.0
    return k.Model(x, k.layers.Dense(1)(k.ops.mean(k.ops.concatenate([x, y], axis=-1), axis=1)))


def normalized(k: Any) -> Any:
    x = k.Input((6, 4))
    y = k.layers.LayerNormalization()(k.layers.Conv1D(4, 3, padding="same")(x))
    return k.Model(x, k.layers.EinsumDense("abc,cd->abd", (6, 2), bias_axes="d")(k.layers.PReLU()(y)))


def _block(k: Any) -> Any:
    @k.saving.register_keras_serializable("files")
    class Block(k.layers.Layer):
        """Sublayers as attributes, private ones, behind a property, in nested lists and dicts; a weight of its own."""

        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.zed = k.layers.Dense(units)
            self.many = [k.layers.Dense(units), [k.layers.Dense(units), k.layers.BatchNormalization()]]
            self.named = {"b": k.layers.Dense(units), "a": k.layers.Dense(units)}
            self._hidden = k.layers.Dense(units)

        @property
        def face(self) -> Any:
            return self._hidden

        def parts(self) -> list[Any]:
            (first, (second, norm)) = self.many
            return [self.zed, first, second, norm, self.named["b"], self.named["a"], self._hidden]

        def build(self, input_shape: Any) -> None:
            for layer in self.parts():
                layer.build((input_shape[0], self.units))
            self.scale = self.add_weight(shape=(self.units,), name="scale", initializer="ones")
            self.count = self.add_weight(shape=(), name="count", initializer="zeros", trainable=False)

        def call(self, x: Any, training: Any = None) -> Any:
            for layer in self.parts():
                x = layer(x)
            return x * self.scale

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    return Block


def custom_layers(k: Any) -> Any:
    block = _block(k)
    return k.Sequential([k.Input((3,)), block(3), k.layers.Dense(3), block(3)])


def subclassed(k: Any) -> Any:
    block = _block(k)

    @k.saving.register_keras_serializable("files")
    class Net(k.Model):
        """Attributes before and after "layers" in the alphabet."""

        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.zero = k.layers.Dense(units)
            self.first = k.layers.Dense(units)
            self.blocks = [block(units), block(units)]
            self.tail = k.Sequential([k.layers.Dense(units), k.layers.Dense(2)])

        def call(self, x: Any, training: Any = None) -> Any:
            x = self.zero(self.first(x))
            for part in self.blocks:
                x = part(x)
            return self.tail(x)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    model = Net()
    model(np.zeros((1, 3), "float32"))
    return model


def functional_subclass(k: Any) -> Any:
    @k.saving.register_keras_serializable("files")
    class Named(k.Model):
        """A functional model with a class of its own."""

        def twice(self, x: Any) -> Any:
            return self(self(x))

    x = k.Input((4,))
    return Named(x, k.layers.Dense(4)(k.layers.Dense(4)(x)))


MODELS = {
    convnet: _x((8, 8, 3)),
    built_late: _x((5,)),
    branches: _x((4,), (4,)),
    shared: dict(zip("ab", _x((4,), (4,)), strict=True)),
    nested: _x((4,)),
    models_at_the_ends: _x((4,)),
    stack_of_models: _x((4,)),
    operations: _x((4, 3)),
    normalized: _x((6, 4)),
    custom_layers: _x((3,)),
    subclassed: _x((3,)),
    functional_subclass: _x((4,)),
}


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_a_model_goes_both_ways(make: Any, tmp_path: Path) -> None:
    files.both_ways(make, MODELS[make], tmp_path)


def test_a_layer_of_two_models_is_read_back_as_one(tmp_path: Path) -> None:
    """Keras cannot read back what it writes of such a model itself, but reads ours."""
    import keras

    import kerastorch

    ours = shared_between_models(kerastorch)
    ours.save(tmp_path / "ours.keras")
    for library in (kerastorch, keras):
        read = library.saving.load_model(tmp_path / "ours.keras")
        first, second = (layer for layer in read.layers if type(layer).__name__ == "Sequential")
        assert first.layers[0] is second.layers[0]
        files.assert_same_outputs(read, ours, _x((4,)))


def test_token_masks_survive(tmp_path: Path) -> None:
    def make(k: Any) -> Any:
        embedding = k.layers.Embedding(9, 4, mask_zero=True)
        return k.Sequential(
            [k.Input((5,), dtype="int32"), embedding, k.layers.GlobalAveragePooling1D(), k.layers.Dense(2)]
        )

    files.both_ways(make, np.array([[1, 2, 0, 0, 0], [3, 4, 5, 6, 0]], "int32"), tmp_path)


def test_torch_modules_have_keras_wrappers_places(tmp_path: Path) -> None:
    import keras
    import torch

    import kerastorch

    def make(k: Any) -> Any:
        class Net(k.Model):
            def __init__(self) -> None:
                super().__init__()
                self.a, self.linear = k.layers.Dense(3), torch.nn.Linear(3, 3)
                self.zoo = torch.nn.Sequential(torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))

            def call(self, x: Any) -> Any:
                return self.zoo(self.linear(self.a(x)))

        model = Net()
        model(torch.ones(2, 3))
        return model.eval()

    def same(a: Any, b: Any) -> None:
        x = torch.randn(4, 3)
        torch.testing.assert_close(a(x, training=False), b(x, training=False), **files.CLOSE)

    theirs, ours = make(keras), make(kerastorch)
    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours.load_weights(tmp_path / "keras.weights.h5")
    same(ours, theirs)
    ours.save_weights(tmp_path / "ours.weights.h5")
    assert files.listing(tmp_path / "ours.weights.h5") == files.listing(tmp_path / "keras.weights.h5")
    other = make(keras)
    other.load_weights(tmp_path / "ours.weights.h5")
    same(ours, other)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16", "bfloat16", "float64"])
def test_dtypes_survive(dtype: str, tmp_path: Path) -> None:
    import keras

    import kerastorch

    def make(k: Any) -> Any:
        return k.Sequential([k.Input((4,)), k.layers.Dense(3, dtype=dtype), k.layers.Dense(2, dtype=dtype)])

    theirs, ours = make(keras), make(kerastorch)
    theirs.save_weights(tmp_path / "keras.weights.h5")
    ours.load_weights(tmp_path / "keras.weights.h5")
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, np.asarray(b, a.dtype))
    ours.save(tmp_path / "ours.keras")
    back = keras.models.load_model(tmp_path / "ours.keras")
    assert (
        back.layers[0].dtype_policy.name
        == dtype
        == kerastorch.saving.load_model(tmp_path / "ours.keras").layers[0].dtype_policy.name
    )
    for a, b in zip(ours.get_weights(), back.get_weights(), strict=True):
        np.testing.assert_array_equal(a, np.asarray(b, a.dtype))
