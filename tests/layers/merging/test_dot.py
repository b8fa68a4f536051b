"""`Dot` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("axes", "shapes", "wanted"),
    [
        (1, [(2, 3), (2, 3)], (2, 1)),
        (-1, [(2, 3, 5), (2, 5)], (2, 3)),
        ((1, 2), [(2, 3, 5), (2, 6, 3)], (2, 5, 6)),
        (2, [(2, 3, 5), (2, 6, 5)], (2, 3, 6)),
        ((3, 1), [(2, 3, 4, 5), (2, 5, 6)], (2, 3, 4, 6)),
        ((2, 3), [(2, 3, 5), (2, 4, 6, 5)], (2, 3, 4, 6)),
    ],
)
def test_contract(axes: Any, shapes: Any, wanted: Any, normalize: bool) -> None:
    kwargs = {"axes": axes, "normalize": normalize}
    run_layer_contract(layers.Dot, kwargs, shapes, expected_output_shape=wanted, unknown_axes=())


def test_functional_form() -> None:
    assert layers.dot([torch.ones(2, 3), torch.ones(2, 3)], normalize=True).round(decimals=4).tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize(
    ("axes", "error", "match"),
    [
        ("1", TypeError, "a pair"),
        ((1, 2, 3), ValueError, "a pair"),
        (0, ValueError, "batch"),
        ((1, 1.5), ValueError, "pair"),
    ],
)
def test_axes_are_checked_when_made(axes: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        layers.Dot(axes)


def test_unfit_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="the same size along axis 1 of the first and axis 1"):
        layers.Dot(1)([torch.zeros(2, 3), torch.zeros(2, 4)])


def test_masks_end_here() -> None:
    x = layers.Masking()(torch.ones(1, 2, 3))
    assert getattr(layers.Dot(2)([x, x]), "_keras_mask", None) is None
