"""`clone_model`: the same structure with new layers, beside Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import kerastorch as keras
from kerastorch import layers
from kerastorch.models import clone_model
from tests.parity.fits import X, quietly

ROWS = torch.from_numpy(X)


def both(check: Callable[[Any], Any]) -> None:
    """`check` gives the same here and in Keras."""
    import keras as real

    assert check(keras) == quietly(lambda: check(real))


def nest(k: Any) -> Any:
    inputs = k.Input((4,), name="i")
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(2, activation="relu", name="in")], name="inner")
    return k.Model(inputs, inner(k.layers.Dense(3, activation="relu", name="s")(inputs)), name="m")


def stack(k: Any) -> Any:
    return k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="relu", name="s")], name="q")


def to_tanh(k: Any, seen: list[str]) -> Callable[[Any], Any]:
    def make(layer: Any) -> Any:
        seen.append(layer.name)
        config = layer.get_config()
        if isinstance(layer, k.layers.Dense):
            config["activation"] = "tanh"
        return type(layer).from_config(config)

    return make


@pytest.mark.parametrize("make", [nest, stack])
@pytest.mark.parametrize("recursive", [False, True])
def test_clone_function_sees_the_layers_that_keras_shows_it(make: Any, recursive: bool) -> None:
    def check(k: Any) -> Any:
        seen: list[str] = []
        model = k.models.clone_model(make(k), clone_function=to_tanh(k, seen), recursive=recursive)
        leaves = [leaf for m in model.layers for leaf in getattr(m, "layers", [m])]
        used = [leaf.activation.__name__ for leaf in leaves if isinstance(leaf, k.layers.Dense)]
        return seen, used, model.name, type(model).__name__, [m.name for m in model.layers]

    both(check)


def test_clone_function_may_share_a_layer_or_return_what_no_file_can_name() -> None:
    def check(k: Any) -> Any:
        class Scale(k.layers.Layer):  # type: ignore[name-defined, misc]
            def __init__(self, by: Any, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.by = by

            def call(self, x: Any) -> Any:
                return self.by(x)

        inputs = k.Input((4,))
        dense = k.layers.Dense(4, kernel_initializer="ones", name="d")
        model = k.Model(inputs, Scale(lambda x: x * 2, name="scale")(dense(inputs)))
        clone = k.models.clone_model(
            model, clone_function=lambda m: m if m.name == "d" else Scale(lambda x: x * 5, name=m.name)
        )
        return clone.get_layer("d") is dense, clone.predict(np.ones((1, 4)), verbose=0).tolist()

    both(check)
    assert clone_model(nest(keras)).get_layer("s") is not nest(keras).get_layer("s")


def test_unregistered_layers_are_cloned_from_their_config() -> None:
    def check(k: Any) -> Any:
        class Scale(k.layers.Layer):  # type: ignore[name-defined, misc]
            def __init__(self, by: float = 1.0, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.by = by

            def call(self, x: Any) -> Any:
                return x * self.by

            def get_config(self) -> Any:
                return {**super().get_config(), "by": self.by}

        inputs = k.Input((4,))
        found = []
        for model in (k.Model(inputs, Scale(3.0)(inputs)), k.Sequential([k.Input((4,)), Scale(3.0)])):
            clone = k.models.clone_model(model)
            found.append((float(clone(np.ones((1, 4), "float32"))[0, 0]), clone.layers[-1] is model.layers[-1]))
        return found

    both(check)


@pytest.mark.parametrize("make", [nest, stack])
def test_input_tensors_take_the_place_of_the_inputs(make: Any) -> None:
    def check(k: Any) -> Any:
        x = k.Input((4,), name="new")
        clone = k.models.clone_model(make(k), input_tensors=x)
        return type(clone).__name__, clone.name, [m.name for m in clone.layers], clone.input_shape, clone.count_params()

    both(check)
    x = keras.Input((4,))
    hidden = layers.Dense(4, name="first")(x)
    begun_inside = clone_model(make(keras), input_tensors=hidden)
    assert keras.Model(x, begun_inside(hidden))(ROWS).shape == make(keras)(ROWS).shape


def test_graphs_compute_the_same_with_the_same_weights() -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), dtype="int32", name="b")
    shared, embed = layers.Dense(3, name="shared"), layers.Embedding(5, 3, mask_zero=True)
    pooled = layers.GlobalAveragePooling1D()(embed(b))
    last = torch.cat([shared(a), shared(a * 2), pooled], dim=-1)[:, 1:]
    model = keras.Model({"a": a, "b": b}, {"x": last, "y": [layers.Dropout(0.5)(last, training=False), a]})
    clone = clone_model(model)
    given = {"a": ROWS, "b": torch.tensor([[1, 2, 0, 0], [3, 0, 0, 0]] * 20)}
    assert len(clone.weights) == len(model.weights) == 3
    assert not torch.equal(clone(given)["x"], model(given)["x"])
    clone.set_weights(model.get_weights())
    torch.testing.assert_close(clone(given), model(given), rtol=0, atol=0)
    before = model.get_weights()
    clone.set_weights([w + 1 for w in before])
    assert all((u == v).all() for u, v in zip(before, model.get_weights(), strict=True))


def test_a_model_without_a_shape_stays_so() -> None:
    both(lambda k: (lambda c: (c.built, len(c.layers)))(k.models.clone_model(k.Sequential([k.layers.Dense(3)]))))
    late = keras.Sequential([layers.Embedding(10, 4), layers.Flatten(), layers.Dense(1)])
    late(torch.zeros(2, 5, dtype=torch.int64))
    clone = clone_model(late)
    assert (clone.built, clone.input_shape, clone.inputs[0].dtype) == (True, (None, 5), late.inputs[0].dtype)


def test_what_is_frozen_stays_frozen_and_a_compilation_is_taken_along() -> None:
    def check(k: Any) -> Any:
        model = nest(k)
        model.get_layer("s").trainable = False
        found = []
        for compiled in (False, True):
            clone = k.models.clone_model(model)
            found += [len(clone.trainable_weights), len(clone.weights), clone.compiled is compiled, clone.loss]
            model.compile(k.optimizers.SGD(0.25), "mse")
        return [*found, float(clone.optimizer.learning_rate), clone.optimizer is model.optimizer]

    both(check)
    model = stack(keras)
    model.compile(torch.optim.SGD(model.parameters(), lr=0.1), "mse")
    assert not clone_model(model).compiled  # no file can say it


class Written(keras.Model):
    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.last = units, layers.Dense(units)

    def call(self, x: Any) -> Any:
        return self.last(x)

    def get_config(self) -> Any:
        return {**super().get_config(), "units": self.units}


def test_written_models_are_made_from_their_config() -> None:
    clone = clone_model(Written(5))
    assert (type(clone), clone.units, clone(ROWS).shape) == (Written, 5, (40, 5))


def test_subclasses_of_functional_and_sequential_keep_their_class() -> None:
    class Graph(keras.Model):
        pass

    class Stack(keras.Sequential):
        pass

    inputs = keras.Input((4,))
    assert isinstance(clone_model(Graph(inputs, layers.Dense(2)(inputs))), Graph)
    assert type(clone_model(Stack([keras.Input((4,)), layers.Dense(2)]))) is Stack


REFUSED: list[tuple[str, Any, dict[str, Any], type[Exception]]] = [
    ("`clone_function`.*functional or Sequential.*Written", Written, {"clone_function": lambda m: m}, ValueError),
    ("`input_tensors`.*functional or Sequential.*Written", Written, {"input_tensors": 1}, ValueError),
    (r"received \['bogus'\]", lambda: stack(keras), {"bogus": 1}, ValueError),
    (r"received \['call_function'\]", lambda: stack(keras), {"call_function": print}, ValueError),
    ("layer 's'.*a layer as its result, received None.*Return", lambda: nest(keras),
     {"clone_function": lambda m: None}, TypeError),
    ("get_config", lambda: keras.Sequential([keras.Input((4,)), nn.Linear(4, 2)]), {}, ValueError),
]  # fmt: skip


@pytest.mark.parametrize(("says", "make", "options", "kind"), REFUSED)
def test_refusals(says: str, make: Any, options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match=says):
        clone_model(make(), **options)


def test_too_few_input_tensors_are_refused() -> None:
    a, b = keras.Input((4,)), keras.Input((4,))
    with pytest.raises(ValueError, match="`input_tensors`.*expected 2.*received 1"):
        clone_model(keras.Model([a, b], a + b), input_tensors=[keras.Input((4,))])
