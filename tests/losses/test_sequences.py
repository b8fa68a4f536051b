"""Connectionist temporal classification."""

from __future__ import annotations

import pytest
import torch

from kerastorch import losses


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_keras_parity(reduction: str, weighted: bool) -> None:
    import keras

    labels = torch.tensor([[1, 2, 0], [3, 0, 0], [1, 1, 2]])
    scores = torch.randn(3, 7, 4, requires_grad=True)
    weight = torch.tensor([1.0, 0.5, 2.0]) if weighted else None
    ours = losses.CTC(reduction=reduction)(labels, scores, weight)
    theirs = keras.losses.CTC(reduction=reduction)(labels, scores, weight)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    gradients = [torch.autograd.grad(v.sum(), scores)[0] for v in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-6)


def test_ranks_are_checked() -> None:
    with pytest.raises(ValueError, match="steps, classes"):
        losses.CTC()(torch.ones(3, 2), torch.rand(3, 4))
    assert losses.CTC().get_config() == {"name": "ctc", "reduction": "sum_over_batch_size"}
