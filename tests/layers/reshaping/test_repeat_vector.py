"""`RepeatVector` beside Keras's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kerastorch import layers
from tests.contract.layer_contract import run_layer_contract


@pytest.mark.parametrize("n", [1, 3])
def test_contract(n: int) -> None:
    run_layer_contract(layers.RepeatVector, {"n": n}, (2, 4), expected_output_shape=(2, n, 4))


def test_it_is_a_view() -> None:
    x = torch.randn(2, 4)
    assert layers.RepeatVector(3)(x).data_ptr() == x.data_ptr()


@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_n_is_checked_when_made(n: Any) -> None:
    with pytest.raises(ValueError, match="`n` of RepeatVector"):
        layers.RepeatVector(n)
