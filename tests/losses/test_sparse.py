"""Sparse and generalized cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import losses
from kerastorch.losses import sparse as module
from tests.losses.parity import assert_parity, sparse

CASES = [
    ("SparseCategoricalCrossentropy", {}, sparse(6, 3)),
    ("SparseCategoricalCrossentropy", {}, sparse(5, 4, 3)),
    ("SparseCategoricalCrossentropy", {}, sparse(90, 100)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse(6, 3, logits=True)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse(5, 4, 3, logits=True)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, sparse(2, 3, 4, 5, logits=True)),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "axis": 1}, sparse(5, 3, 4, axis=1, logits=True)),
    ("SparseCategoricalCrossentropy", {"axis": 1}, sparse(5, 3, 4, axis=1)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, sparse(9, 3)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 0, "from_logits": True}, sparse(9, 3, logits=True)),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, sparse(5, 4, 3)),
]


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("name", "arguments", "make"), CASES)
def test_keras_parity(name: str, arguments: dict[str, Any], make: Any, dtype: str) -> None:
    assert_parity(name, arguments, make, dtype)


@pytest.mark.parametrize("q", [0.2, 0.5, 0.9])
def test_generalized_keras_parity(q: float) -> None:
    import keras

    labels, scores = torch.randint(0, 3, (6,)), torch.rand(6, 3, requires_grad=True)
    ours = losses.CategoricalGeneralizedCrossEntropy(q)(labels, scores)
    theirs = keras.losses.CategoricalGeneralizedCrossEntropy(q)(labels, scores)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(torch.autograd.grad(ours, scores), torch.autograd.grad(theirs, scores))


@pytest.mark.parametrize("q", [0, 1, 1.5])
def test_q_lies_between_0_and_1(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        losses.CategoricalGeneralizedCrossEntropy(q)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("column", [False, True])
def test_labels_of_any_dtype(dtype: str, column: bool) -> None:
    labels, scores = np.array([2, 0, 1, 1], dtype=dtype), torch.rand(4, 3)
    shaped = labels[:, None] if column else labels
    wanted = losses.SparseCategoricalCrossentropy()(torch.tensor([2, 0, 1, 1]), scores)
    for truth in (shaped, torch.tensor(shaped)):
        assert torch.equal(losses.SparseCategoricalCrossentropy()(truth, scores), wanted)
        assert losses.sparse_categorical_crossentropy(truth, scores).shape == (4,)


def test_many_classes_take_the_same_value_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, scores = torch.randint(0, 7, (20,)), torch.rand(20, 7, dtype=torch.float64, requires_grad=True)
    results = []
    for few in (0, 10**6):
        monkeypatch.setattr(module, "_FEW", few)
        value = losses.SparseCategoricalCrossentropy(dtype="float64")(labels, scores)
        results.append((value, *torch.autograd.grad(value, scores)))
    torch.testing.assert_close(results[0], results[1], rtol=1e-13, atol=0)


def test_images_are_rows_of_pixels() -> None:
    # Keras on torch cannot differentiate this case
    labels, scores = torch.randint(0, 5, (2, 3, 4)), torch.rand(2, 3, 4, 5, requires_grad=True)
    image = losses.SparseCategoricalCrossentropy()(labels, scores)
    rows = losses.SparseCategoricalCrossentropy()(labels.reshape(-1), scores.reshape(-1, 5))
    torch.testing.assert_close(torch.autograd.grad(image, scores), torch.autograd.grad(rows, scores))


def test_a_probability_of_zero_stays_finite() -> None:
    import keras

    labels, scores = torch.tensor([0, 1]), torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    wanted = keras.losses.SparseCategoricalCrossentropy()(labels, scores)
    torch.testing.assert_close(losses.SparseCategoricalCrossentropy()(labels, scores), wanted)


def test_one_hot_labels_are_refused_with_the_right_loss() -> None:
    with pytest.raises(ValueError, match="'categorical_crossentropy'"):
        losses.SparseCategoricalCrossentropy()(torch.rand(4, 3), torch.rand(4, 3))
    with pytest.raises(ValueError, match=r"shape \(4,\), received shape \(5,\)"):
        losses.SparseCategoricalCrossentropy()(torch.zeros(5), torch.rand(4, 3))


def test_all_ignored_gives_zero() -> None:
    scores = torch.rand(4, 3, requires_grad=True)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)(torch.full((4,), -1), scores)
    assert loss == 0 and torch.equal(torch.autograd.grad(loss, scores)[0], torch.zeros(4, 3))


def test_logits_are_torchs_own_kernel() -> None:
    labels, scores = torch.randint(0, 3, (8,)), torch.rand(8, 3)
    ours = losses.SparseCategoricalCrossentropy(from_logits=True)(labels, scores)
    assert torch.equal(ours, torch.nn.functional.cross_entropy(scores, labels))
