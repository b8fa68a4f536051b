from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

from kerastorch.nn.variable import Layout, Variable
from kerastorch.optimizers import Adafactor
from tests.optimizers import parity


@parity.options(
    {"clip_threshold": 0.5, "epsilon_2": 0.1, "beta_2_decay": -0.5, "relative_step": False},
)
def test_path(options: dict[str, Any], dtype: str) -> None:
    parity.check("Adafactor", options, dtype, rounded=True)


@pytest.mark.parametrize("options", [{"beta_2_decay": 0.5}, {"clip_threshold": -1.0}])
def test_bad_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, received"):
        Adafactor(**options)


def test_rows_and_columns_are_those_of_kerass_layout() -> None:
    """A kernel kept as (out, in) has the path and the state of Keras's (in, out)."""
    values, grads = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    kernel = Variable.wrap(torch.tensor(values).T.contiguous(), trainable=True, name="kernel", layout=Layout(1, 0))
    optimizer, expected = Adafactor(0.1), keras.optimizers.Adafactor(0.1)
    theirs = keras.Variable(values)
    for _ in range(5):
        optimizer.apply([torch.tensor(grads).T], [kernel])
        expected.apply([torch.tensor(grads)], [theirs])
    np.testing.assert_allclose(kernel.detach().T, theirs.value.detach(), rtol=1e-5)
    assert [tuple(t.shape) for _, _, t in optimizer.slots()] == [(4,), (3,), (3, 4)]
