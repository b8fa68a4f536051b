"""The same model here and in Keras, trained on the same data from the same weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import kerastorch

RNG = np.random.default_rng(7)
X = RNG.normal(size=(40, 4)).astype("float32")
Y = RNG.normal(size=(40, 1)).astype("float32")
CLASSES = RNG.integers(0, 3, 40)
IMAGES = RNG.normal(size=(40, 8, 8, 2)).astype("float32")
SPARSE = "sparse_categorical_crossentropy"


def quietly(function: Callable[[], Any]) -> Any:
    """Keras itself warns of NumPy's and torch's changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function()


def pair(make: Callable[[Any], Any]) -> tuple[Any, Any]:
    """`make(kerastorch)` and `make(keras)` with the same weights."""
    ours, theirs = make(kerastorch), quietly(lambda: make(keras))
    quietly(lambda: theirs.set_weights(ours.get_weights()))
    return ours, theirs


def fit_both(
    make: Callable[[Any], Any], x: Any, y: Any, options: Callable[[Any], dict[str, Any]], **fit: Any
) -> tuple[Any, Any, float]:
    """Both models after `fit`, and the largest relative difference in their histories."""
    ours, theirs = pair(make)
    ours.compile(**options(kerastorch))
    quietly(lambda: theirs.compile(**options(keras)))
    mine = ours.fit(x, y, verbose=0, shuffle=False, **fit).history
    wanted = quietly(lambda: theirs.fit(x, y, verbose=0, shuffle=False, **fit)).history
    assert sorted(mine) == sorted(wanted)
    return ours, theirs, max(difference(mine[name], wanted[name]) for name in wanted)


def difference(ours: Any, theirs: Any) -> float:
    """The largest relative difference of figures (absolute below 1)."""
    a, b = (np.asarray([float(v) for v in np.ravel(values)]) for values in (ours, theirs))
    return float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b))))
