"""Top-k accuracy beside Keras, ties included."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import metrics


@pytest.mark.parametrize("weights", [(), ((6,),)])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("shape", [(6, 7), (6, 3, 7)])
def test_categorical(compare: Any, draw: Any, shape: Any, k: int, weights: Any) -> None:
    compare("TopKCategoricalAccuracy", {"k": k}, draw(shape, shape, *weights))


@pytest.mark.parametrize("weights", [(), ((6,),)])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(("true", "pred"), [((6,), (6, 7)), ((6, 1), (6, 7)), ((6, 3), (6, 3, 7))])
def test_sparse(compare: Any, draw: Any, true: Any, pred: Any, k: int, weights: Any) -> None:
    generator = np.random.default_rng(5)
    batches = [(torch.from_numpy(generator.integers(0, 7, true)), *rest) for rest in draw(pred, *weights)]
    compare("SparseTopKCategoricalAccuracy", {"k": k}, batches)


def test_sorted_ids(compare: Any) -> None:
    generator = np.random.default_rng(5)
    ids = np.stack([generator.permutation(7) for _ in range(6)])
    batches = [(generator.integers(0, 7, 6), ids)]
    compare("SparseTopKCategoricalAccuracy", {"k": 3, "from_sorted_ids": True}, batches)


def test_ties_count(compare: Any) -> None:
    compare("SparseTopKCategoricalAccuracy", {"k": 2}, [(np.array([0, 1, 2]), np.ones((3, 3), "float32"))])


def test_functions_beside_keras() -> None:
    import keras

    scores = np.random.default_rng(0).random((5, 6), "float32")
    labels = np.arange(5)
    for name, y_true in [
        ("top_k_categorical_accuracy", np.eye(6, dtype="float32")[:5]),
        ("sparse_top_k_categorical_accuracy", labels),
        ("sparse_top_k_categorical_accuracy", labels[:, None]),
    ]:
        ours, theirs = getattr(metrics, name)(y_true, scores, k=2), getattr(keras.metrics, name)(y_true, scores, k=2)
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("k", [0, -1, 2.0, True])
def test_a_bad_k_is_refused(k: Any) -> None:
    for cls in (metrics.TopKCategoricalAccuracy, metrics.SparseTopKCategoricalAccuracy):
        with pytest.raises(ValueError, match="`k` of"):
            cls(k=k)
