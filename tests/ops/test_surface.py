"""Which of Keras's names are here."""

from __future__ import annotations

import inspect

import keras
import pytest

from kerastorch import ops

TIER_1 = """
shape expand_dims sum cast reshape matmul mean arange concatenate convert_to_numpy convert_to_tensor square
transpose squeeze stack argmax ones tile clip relu zeros exp gelu softmax sqrt array cos eye minimum one_hot
split take tensordot
"""
TIER_2 = """
ones_like repeat top_k where cumsum einsum linspace maximum sigmoid sin arccos broadcast_to divide floor log
max not_equal slice std stop_gradient unstack
"""
TIER_3 = """
abs absolute add ceil divide_no_nan fft2 full less meshgrid moments multiply normalize pad ravel roll round
sign sparse_categorical_crossentropy take_along_axis tanh zeros_like norm
"""
MISSING: dict[str, set[str]] = {}


@pytest.mark.parametrize("name", f"{TIER_1} {TIER_2} {TIER_3}".split())
def test_ranked_names_are_here_with_keras_arguments(name: str) -> None:
    ours, theirs = getattr(ops, name), getattr(keras.ops, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters) or name == "einsum"


def test_image_names_are_here() -> None:
    assert callable(ops.image.resize) and callable(ops.image.extract_patches)


def functions(namespace: object) -> dict[str, object]:
    return {
        n: v for n, v in vars(namespace).items() if not n.startswith("_") and callable(v) and not inspect.isclass(v)
    }


@pytest.mark.parametrize("home", ["ops", "ops.numpy", "ops.nn", "ops.linalg", "ops.image"])
def test_every_name_of_keras_is_here_but_for_the_listed_ones(home: str) -> None:
    theirs, ours = keras, None
    for part in home.split("."):
        theirs = getattr(theirs, part)
        ours = ops if part == "ops" else getattr(ours, part)
    assert set(functions(theirs)) - set(functions(ours)) == MISSING.get(home, set())


@pytest.mark.parametrize("name", sorted(functions(keras.ops).keys() & functions(ops).keys()))
def test_arguments_and_defaults_are_keras_ones(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(home, name)).parameters for home in (ops, keras.ops))
    named = {n: p.default for n, p in theirs.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    assert {n: ours[n].default for n in named} == named
    assert [n for n in ours if n in named] == list(named)
