"""The order of layers and weights is Keras's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.fits import pair, quietly


def branches(k: Any) -> Any:
    x, y = k.Input((4,)), k.Input((3,))
    dense = [k.layers.Dense(i + 1) for i in range(7)]
    h, g = dense[3](x), dense[1](y)
    z = k.layers.Concatenate()([g, h])
    h2 = dense[0](h)
    joined = dense[4](k.layers.Concatenate()([h2, g]))
    return k.Model([x, y], {"z": dense[6](dense[5](z)), "a": dense[2](h2), "m": joined})


def shared(k: Any) -> Any:
    x = k.Input((4,))
    d, e, f = k.layers.Dense(4), k.layers.Dense(4, use_bias=False), k.layers.Dense(5)
    h = e(d(x))
    h = k.layers.Add()([h, d(h)])
    return k.Model(x, [f(x), h])


def masks(k: Any) -> Any:
    x, u = k.Input((4,), dtype="int32"), k.Input((2,))
    pooled = k.layers.GlobalAveragePooling1D()(k.layers.Embedding(5, 3, mask_zero=True)(x))
    return k.Model([u, x], k.layers.Concatenate()([k.layers.Dense(2)(pooled), k.layers.Dense(7)(u)]))


def unused(k: Any) -> Any:
    x, u = k.Input((4,)), k.Input((2,))
    return k.Model([u, x], k.layers.Dense(3)(x))


def nested(k: Any) -> Any:
    a, i = k.Input((4,)), k.Input((2,))
    inner = k.Model(i, k.layers.Dense(7)(k.layers.BatchNormalization()(i)))
    stack = k.Sequential([k.layers.Dense(5), k.layers.BatchNormalization(), k.layers.Dense(2)])
    return k.Model(a, [inner(stack(a)), k.layers.Dense(1)(a)])


@pytest.mark.parametrize("make", [branches, shared, masks, unused, nested])
def test_layers_and_weights(make: Any) -> None:
    ours, theirs = pair(make)
    assert [type(m).__name__ for m in ours.layers] == [type(m).__name__ for m in theirs.layers]
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in quietly(theirs.get_weights)]
    assert [w.name for w in ours.trainable_weights] == [w.name for w in theirs.trainable_weights]
