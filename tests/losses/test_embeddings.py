"""The circle loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from kerastorch import losses


@pytest.mark.parametrize("arguments", [{}, {"gamma": 8.0, "margin": 0.25}, {"remove_diagonal": False, "gamma": 2.0}])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none", "mean_with_sample_weight"])
def test_keras_parity(arguments: dict[str, Any], reduction: str) -> None:
    import keras

    labels = torch.tensor([0, 1, 0, 2, 1, 2, 0, 2])
    raw = torch.randn(8, 4, dtype=torch.float32, requires_grad=True)
    scores = F.normalize(raw, dim=1)
    ours = losses.Circle(**arguments, reduction=reduction)(labels, scores)
    theirs = keras.losses.Circle(**arguments, reduction=reduction)(labels, scores)
    torch.testing.assert_close(ours, theirs, rtol=2e-6, atol=1e-6)
    ours, theirs = (torch.autograd.grad(v.sum(), raw, retain_graph=True)[0] for v in (ours, theirs))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_other_embeddings_to_compare_with() -> None:
    import keras

    a, b = F.normalize(torch.randn(4, 3)), F.normalize(torch.randn(6, 3))
    labels, others = torch.tensor([0, 1, 2, 0]), torch.tensor([0, 1, 2, 2, 1, 0])
    ours = losses.circle(labels, a, others, b, remove_diagonal=False)
    torch.testing.assert_close(ours, keras.losses.circle(labels, a, others, b, remove_diagonal=False))


def test_a_sample_alone_in_its_class_has_no_loss() -> None:
    scores = F.normalize(torch.randn(3, 4)).requires_grad_()
    values = losses.circle(torch.tensor([0, 0, 1]), scores)
    assert values[2] == 0
    assert torch.autograd.grad(values.sum(), scores)[0].isfinite().all()


def test_one_label_for_each_embedding() -> None:
    with pytest.raises(ValueError, match=r"one class number per embedding: shape \(4,\)"):
        losses.Circle()(torch.zeros(3), torch.rand(4, 2))


def test_config() -> None:
    import keras

    assert losses.Circle(gamma=3.0).get_config() == keras.losses.Circle(gamma=3.0).get_config()
