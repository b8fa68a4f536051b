"""`RMSNormalization` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("kwargs", "shape", "unknown"),
    [({}, (4, 5), None), ({"epsilon": 1e-3}, (4, 3, 5), None), ({"axis": [1, 2]}, (4, 3, 5), ())],
)
def test_contract(kwargs: dict[str, Any], shape: tuple[int, ...], unknown: Any) -> None:
    run_layer_contract(
        layers.RMSNormalization,
        kwargs,
        shape,
        unknown_axes=unknown,
        expected_state_keys=["weight"],
        supports_masking=True,
    )


@pytest.mark.parametrize("axis", [1, [1, 3]])
def test_axes_that_are_not_last(axis: Any) -> None:
    """Keras on torch refuses these; the formula is the measure."""
    layer = layers.RMSNormalization(axis=axis)
    x = torch.randn(4, 3, 2, 5)
    torch.testing.assert_close(layer(x), x * torch.rsqrt(x.square().mean(axis, keepdim=True) + 1e-6))


def test_scale_is_the_weight() -> None:
    layer = layers.RMSNormalization()
    layer(torch.zeros(2, 3))
    assert layer.scale is layer.weight


def test_mixed_precision_gives_its_compute_dtype() -> None:
    assert layers.RMSNormalization(dtype="mixed_bfloat16")(torch.randn(2, 3)).dtype is torch.bfloat16


def test_arguments_are_checked_when_made() -> None:
    with pytest.raises(ValueError, match="`epsilon` of RMSNormalization"):
        layers.RMSNormalization(epsilon=-1e-6)
