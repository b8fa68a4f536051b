"""Functions of keras.ops as torch."""

from __future__ import annotations

import torch

import kerastorch as keras
from kerastorch import layers, ops
from tests.convert.running import check_format, same


def test_forms() -> None:

    inputs = keras.Input((4, 6))
    x = layers.Dense(4)(inputs)
    p = ops.exp(x * 0.1)
    outputs = [
        ops.concatenate([x, p], axis=1), ops.stack([x, p], axis=1), ops.mean(p, axis=1), ops.max(p, axis=-1),
        ops.sum(p, axis=(1, 2), keepdims=True), ops.min(p, axis=1), ops.reshape(p, (-1, 16)), ops.sqrt(p),
        ops.transpose(p, (0, 2, 1)), ops.squeeze(ops.expand_dims(p, -1), -1), ops.add(x, p), ops.matmul(x, p),
        ops.divide(x, 2.0), ops.multiply(x, p), ops.subtract(x, p), ops.square(x), ops.relu(x), ops.softmax(x),
        ops.sigmoid(x), ops.abs(x), ops.cast(p, "float64"), ops.log(p),
    ]  # fmt: skip
    source = same(keras.Model(inputs, outputs), torch.randn(2, 4, 6))
    assert "keras" not in source.text
    check_format(source.file())


def test_others_are_kept_with_a_note() -> None:

    inputs = keras.Input((6,))
    source = same(keras.Model(inputs, ops.cumsum(inputs, axis=1)), torch.randn(2, 6), plain=False)
    assert "keras.ops.cumsum(x, axis=1)" in source.text or "torch.cumsum" in source.text
