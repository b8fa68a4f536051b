"""Sample weights, masks and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kerastorch.losses import reduction as module
from tests.losses.parity import REDUCTIONS


@given(
    st.sampled_from(REDUCTIONS),
    st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["none", "same", "column"]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_keras_parity(reduction: str | None, shape: tuple[int, ...], weighting: str, masked: bool, seed: int) -> None:
    from keras.src.losses.loss import reduce_weighted_values

    rng = np.random.default_rng(seed)
    values = torch.tensor(rng.normal(size=shape), dtype=torch.float32)
    column = (shape[0], *(1,) * max(len(shape) - 1, 1))
    weight = {"none": None, "same": rng.uniform(size=shape), "column": rng.uniform(size=column)}[weighting]
    mask = rng.integers(0, 2, size=shape).astype(bool) if masked else None
    if masked and weighting == "column" and len(shape) > 1:
        mask = mask[(slice(None), *(slice(1),) * (len(shape) - 1))]  # Keras multiplies in place and cannot broadcast
    ours = module.reduce_weighted_values(values, weight, mask, reduction)
    # Keras multiplies the mask into the weights it was given
    theirs = reduce_weighted_values(values, None if weight is None else weight.copy(), mask, reduction, "float32")
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_a_weight_per_sample_is_spread_over_its_steps() -> None:
    values, weight = torch.rand(3, 3), torch.tensor([0.0, 1.0, 2.0])  # square: broadcasting would take the columns
    wanted = (values * weight[:, None]).mean()
    torch.testing.assert_close(module.reduce_weighted_values(values, weight), wanted)


@pytest.mark.parametrize("shape", [(4,), (3, 2), (2, 3), (3, 4, 1, 1)])
def test_weights_that_fit_nothing_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`sample_weight`: expected one weight per sample"):
        module.reduce_weighted_values(torch.rand(3, 4), torch.ones(shape))


@pytest.mark.parametrize("reduction", ["mean", "mean_with_sample_weight", "sum_over_batch_size"])
def test_nothing_that_counts_gives_zero_and_a_zero_gradient(reduction: str) -> None:
    for arguments in ({"sample_weight": torch.zeros(3)}, {"mask": torch.zeros(3, dtype=torch.bool)}):
        values = torch.rand(3, requires_grad=True)
        loss = module.reduce_weighted_values(values, **arguments, reduction=reduction)
        assert loss == 0
        assert torch.equal(torch.autograd.grad(loss, values)[0], torch.zeros(3))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_scalars_and_empty_batches(reduction: Any) -> None:
    from keras.src.losses.loss import reduce_values

    for values in (torch.tensor(3.0), torch.zeros(0), torch.zeros(0, 2)):
        ours, theirs = module.reduce_values(values, None, reduction), reduce_values(values, None, reduction)
        torch.testing.assert_close(ours, theirs)


def test_unknown_reductions() -> None:
    with pytest.raises(ValueError, match="Did you mean 'mean'"):
        module.standardize_reduction("meen")
