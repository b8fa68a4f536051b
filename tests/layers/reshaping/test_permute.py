"""`Permute` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize(
    ("dims", "shape"), [((2, 1), (2, 3, 4)), ((3, 1, 2), (2, 3, 4, 5)), ((1,), (2, 3)), ([2, 1], (2, 3, 4))]
)
def test_contract(dims: Any, shape: tuple[int, ...]) -> None:
    run_layer_contract(layers.Permute, {"dims": dims}, shape, expected_output_shape=(2, *(shape[d] for d in dims)))


def test_it_is_a_view() -> None:
    x = torch.randn(2, 3, 4)
    assert layers.Permute((2, 1))(x).data_ptr() == x.data_ptr()


@pytest.mark.parametrize("dims", [(0, 1), (1, 3), (1, 1), 2])
def test_dims_are_checked_when_made(dims: Any) -> None:
    with pytest.raises(ValueError, match="`dims` of Permute"):
        layers.Permute(dims)


def test_rank_is_checked() -> None:
    with pytest.raises(ValueError, match="3 dimensions"):
        layers.Permute((2, 1))(torch.zeros(2, 3).numpy())
