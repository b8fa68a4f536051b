"""Weights, masks and sample values brought to fitting shapes."""

from __future__ import annotations

import numpy as np
import torch

from kerastorch.metrics._align import as_tensor, divide_no_nan, samplewise, weight_of


def test_as_tensor_takes_no_part_in_gradients() -> None:
    assert not as_tensor(torch.ones(2, requires_grad=True)).requires_grad
    assert as_tensor([1.0, 2.0]).dtype is torch.float32
    assert as_tensor(np.ones(2)).dtype is torch.float64
    assert as_tensor([1, 2]).dtype is torch.int64


def test_masked_places_weigh_nothing() -> None:
    like, mask = torch.zeros(2), torch.tensor([[True, False], [True, True]])
    assert weight_of(None, None, like, torch.float64) is None
    assert torch.equal(weight_of(None, mask, like, torch.float64), mask.double())
    spread = weight_of([2.0, 3.0], mask, like, torch.float64)
    assert spread.tolist() == [[2.0, 0.0], [3.0, 3.0]]


def test_samplewise_means_and_sums() -> None:
    values = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    means, none = samplewise(values, None, summed=False)
    assert (means.tolist(), none) == ([2.0, 6.0], None)
    sums, weight = samplewise(values, torch.tensor([1.0, 10.0]), summed=True)
    assert (sums.tolist(), weight.tolist()) == ([4.0, 120.0], [1.0, 10.0])


def test_divide_no_nan() -> None:
    assert divide_no_nan(torch.tensor([1.0, 1.0]), torch.tensor([2.0, 0.0])).tolist() == [0.5, 0.0]
