"""`UnitNormalization` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("axis", [-1, 1, [1, 2]])
def test_contract(axis: Any) -> None:
    run_layer_contract(
        layers.UnitNormalization, {"axis": axis}, (4, 3, 5), expected_output_shape=(4, 3, 5), supports_masking=True
    )


def test_zeros_stay_zeros() -> None:
    assert layers.UnitNormalization()(torch.zeros(1, 3)).tolist() == [[0.0, 0.0, 0.0]]


def test_axes_are_checked() -> None:
    with pytest.raises(TypeError, match="`axis` of UnitNormalization"):
        layers.UnitNormalization(axis=1.0)
    with pytest.raises(ValueError, match="an axis of the input's shape"):
        layers.UnitNormalization(axis=2).compute_output_shape((None, 3))
