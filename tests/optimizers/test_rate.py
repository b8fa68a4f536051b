from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from kerastorch.optimizers.rate import Rate, checked_rate


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), np.int64(1)])
def test_numbers_of_any_kind(value: object) -> None:
    rate = checked_rate(value)
    assert type(rate) is float
    assert rate == float(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-0.1, float("nan"), np.inf, "0.1", "x", None, [0.1], np.ones(2), False])
def test_everything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="`learning_rate`: expected .*, received"):
        checked_rate(value)


def test_a_rate_is_a_float_that_can_be_assigned_to() -> None:
    seen: list[float] = []
    rate = Rate(0.5, seen.append)
    assert isinstance(rate, float)
    assert rate * 2 == 1.0
    rate.assign(0.25)
    assert seen == [0.25]
    assert rate.numpy().dtype == np.float32
    assert type(copy.deepcopy(rate)) is type(pickle.loads(pickle.dumps(rate))) is float
