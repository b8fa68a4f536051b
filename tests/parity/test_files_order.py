"""The order of layers is Keras's on random graphs: weights, optimizer slots and files are numbered by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kerastorch


def _random_graph(k: Any, seed: int) -> tuple[list[Any], list[Any]]:
    """Inputs and outputs of a graph with branches, shared layers, operators, several outputs and an unused input."""
    generator = np.random.default_rng(seed)
    inputs = [k.Input((4,), name=f"in{i}") for i in range(generator.integers(1, 4))]
    shared = k.layers.Dense(4, name="shared")
    tensors = list(inputs)
    for i in range(generator.integers(3, 14)):
        first, second = (tensors[generator.integers(len(tensors))] for _ in range(2))
        kind = generator.integers(5)
        if kind == 0:
            tensors.append(shared(first))
        elif kind == 1:
            tensors.append(k.layers.Add(name=f"add{i}")([first, second]))
        elif kind == 2:
            tensors.append(k.layers.Activation("relu", name=f"act{i}")(first * 2.0))
        else:
            tensors.append(k.layers.Dense(4, name=f"dense{i}")(first))
    outputs = [tensors[-1], tensors[generator.integers(len(inputs), len(tensors))]]
    return inputs, outputs


@pytest.mark.parametrize("seed", range(40))
def test_the_order_is_keras_s(seed: int) -> None:
    import keras

    inputs, outputs = _random_graph(keras, seed)
    wanted = [layer.name for layer in keras.Model(inputs, outputs).layers]
    assert [layer.name for layer in kerastorch.Model(*_random_graph(kerastorch, seed)).layers] == wanted
