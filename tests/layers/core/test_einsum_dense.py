"""`EinsumDense` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from kerastorch.layers.core.einsum_dense import plan
from tests.contract.layer_contract import run_layer_contract

CASES: list[tuple[dict[str, Any], tuple[int, ...], tuple[int, ...] | None]] = [
    ({"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"}, (2, 5), None),
    ({"equation": "abc,cd->abd", "output_shape": (None, 6), "bias_axes": "d"}, (2, 3, 5), None),
    ({"equation": "...x,xy->...y", "output_shape": 6, "bias_axes": "y", "activation": "tanh"}, (2, 3, 5), None),
    ({"equation": "...x,xy->...y", "output_shape": 6}, (2, 5), None),
    ({"equation": "ab...,bc->ac...", "output_shape": 6, "bias_axes": "c"}, (2, 5, 3, 4), (2, 3)),
    ({"equation": "abc,cde->abde", "output_shape": (None, 3, 6), "bias_axes": "de"}, (2, 3, 5), None),
    ({"equation": "abde,dec->abc", "output_shape": (None, 6), "bias_axes": "c"}, (2, 3, 4, 5), (1,)),
    ({"equation": "abc,cde->abde", "output_shape": (None, 3, 6), "bias_axes": "d"}, (2, 3, 5), None),
]


@pytest.mark.parametrize(("kwargs", "shape", "unknown"), CASES)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...], unknown: Any) -> None:
    keys = ["weight", "bias"] if kwargs.get("bias_axes") else ["weight"]
    run_layer_contract(layers.EinsumDense, kwargs, shape, unknown_axes=unknown, expected_state_keys=keys)


@pytest.mark.parametrize(
    ("equation", "bias_axes", "match"),
    [
        ("ab,bc", None, "one of the forms"),
        ("...ab,bc->ac...", None, "one of the forms"),
        ("ab,bc->ac", "x", "`bias_axes`"),
    ],
)
def test_equations_are_checked_when_made(equation: str, bias_axes: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        layers.EinsumDense(equation, output_shape=3, bias_axes=bias_axes)


@pytest.mark.parametrize(
    ("equation", "output", "match"),
    [
        ("abc,cd->abd", (4, 6), "dimension 'b'.*expected 3"),
        ("abc,cd->abx", (3, 6), "output letters"),
        ("abc,cdz->abd", (3, 6), "weight letters"),
    ],
)
def test_shapes_are_checked_at_the_first_call(equation: str, output: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        layers.EinsumDense(equation, output_shape=output)(torch.zeros(2, 3, 5))


def test_initial_spread_follows_the_equation() -> None:
    """The weight (c, d, e) of "abc,cde->abde" has c inputs and d * e outputs, which (window, in, out) would miss."""
    shapes = plan("abc,cde->abde", None, (2, 3, 5), (None, 3, 6))
    assert (shapes.input_axes, shapes.output_axes) == ([0], [1, 2])
    layer = layers.EinsumDense("abc,cde->abde", (None, 30, 60), kernel_initializer="glorot_uniform")
    layer(torch.zeros(2, 3, 50))
    limit = (6 / (50 + 30 * 60)) ** 0.5
    assert 0.95 * limit < float(layer.kernel.detach().abs().max()) <= limit
