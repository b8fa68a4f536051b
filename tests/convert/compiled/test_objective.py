"""Where targets and outputs lie, and how they are written."""

from __future__ import annotations

import numpy as np
import pytest

import kerastorch as keras
from kerastorch import layers
from kerastorch.convert.compiled.objective import Pair, compiled, is_sparse, objective, pair


def two(outputs: str) -> keras.Model:
    """A model of two outputs, in a list or a dict."""
    x = keras.Input((3,))
    a, b = layers.Dense(1, name="a")(x), layers.Dense(4, activation="softmax", name="b")(x)
    return keras.Model(x, [a, b] if outputs == "list" else {"a": a, "b": b})


@pytest.mark.parametrize(
    ("outputs", "loss", "written"),
    [
        ("list", ["mse", "sparse_categorical_crossentropy"], [("y[0]", "y_pred[0]"), ("y[1]", "y_pred[1]")]),
        ("list", {"a": "mse", "b": "mse"}, [('y["a"]', "y_pred[0]"), ('y["b"]', "y_pred[1]")]),
        ("dict", {"a": "mse", "b": "mse"}, [('y["a"]', 'y_pred["a"]'), ('y["b"]', 'y_pred["b"]')]),
        ("dict", {"b": "mse"}, [('y["b"]', 'y_pred["b"]')]),
    ],
)
def test_places(outputs: str, loss: object, written: list[tuple[str, str]]) -> None:
    model = two(outputs)
    model.compile("sgd", loss)
    pairs = [pair(model, term) for term in objective(model).losses]
    assert [(p.y, p.y_pred) for p in pairs] == written


def test_places_of_a_model_that_was_fitted_are_those_of_its_data() -> None:
    model = two("list")
    model.compile("sgd", {"a": "mse", "b": "sparse_categorical_crossentropy"})
    y = [np.zeros((4, 1), "float32"), np.zeros(4, "int64")]
    model.fit(np.zeros((4, 3), "float32"), y, verbose=0)
    first, second = (pair(model, term) for term in objective(model).losses)
    assert first.y == "y[0]" and second.classes == "y[1].long()"


def test_targets() -> None:
    assert Pair("y", "p", (None, 1)).dense == "y.view_as(p)" and Pair("y", "p", (None, 2)).dense == "y"
    assert Pair("y", "p", (None, 5, 2)).rows == "p.flatten(0, -2)" and Pair("y", "p", (None, 2)).rows == "p"
    assert Pair("y", "p", (None, 2), flat=True).classes == "y.long()"


def test_class_numbers_are_known_by_the_loss() -> None:
    assert is_sparse(keras.losses.SparseCategoricalCrossentropy())
    assert is_sparse(keras.losses.LossFunctionWrapper(keras.losses.sparse_categorical_crossentropy))
    assert not is_sparse(keras.losses.CategoricalCrossentropy())


def test_a_model_that_is_not_compiled_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a compiled model, received one that is not"):
        compiled(two("list"))
