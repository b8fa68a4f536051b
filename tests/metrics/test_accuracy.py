"""The accuracy family beside Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from kerastorch import metrics


def _labels(batches: list[Any], shape: tuple[int, ...], classes: int, kind: torch.dtype = torch.int64) -> list[Any]:
    generator = torch.Generator().manual_seed(1)
    return [(torch.randint(0, classes, shape, generator=generator).to(kind), *batch) for batch in batches]


@pytest.mark.parametrize("weights", [(), ((6,),)])
@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.float32, torch.uint8])
@pytest.mark.parametrize("shapes", [((6,), (6,)), ((6,), (6, 1)), ((6, 1), (6,)), ((6, 4), (6, 4))])
def test_binary_accuracy(compare: Any, draw: Any, shapes: Any, kind: torch.dtype, weights: Any) -> None:
    batches = _labels(draw(shapes[1], *weights), shapes[0], 2, kind)
    compare("BinaryAccuracy", {}, batches)
    compare("BinaryAccuracy", {"threshold": 0.3, "name": "b"}, batches)


@pytest.mark.parametrize("weights", [(), ((6,),)])
@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.float32])
@pytest.mark.parametrize(
    "shapes", [((6,), (6, 4)), ((6, 1), (6, 4)), ((6, 3), (6, 3, 4)), ((6, 3, 1), (6, 3, 4)), ((6, 1), (6, 1, 4))]
)
def test_sparse_categorical_accuracy(compare: Any, draw: Any, shapes: Any, kind: torch.dtype, weights: Any) -> None:
    compare("SparseCategoricalAccuracy", {}, _labels(draw(shapes[1], *weights), shapes[0], 4, kind))


@pytest.mark.parametrize("weights", [(), ((6,),)])
@pytest.mark.parametrize("shape", [(6, 4), (6, 3, 4)])
def test_categorical_accuracy(compare: Any, draw: Any, shape: Any, weights: Any) -> None:
    compare("CategoricalAccuracy", {}, draw(shape, shape, *weights))


@pytest.mark.parametrize("weights", [(), ((6,),)])
def test_accuracy(compare: Any, draw: Any, weights: Any) -> None:
    batches = _labels(_labels(draw(*weights), (6, 2), 3), (6, 2), 3)
    compare("Accuracy", {}, batches)


def test_functions_beside_keras() -> None:
    import keras

    generator = np.random.default_rng(0)
    scores, binary = generator.random((5, 3), "float32"), generator.integers(0, 2, (5, 3)).astype("float32")
    labels = generator.integers(0, 3, 5)
    for name, y_true in [
        ("binary_accuracy", binary),
        ("categorical_accuracy", binary),
        ("sparse_categorical_accuracy", labels),
        ("sparse_categorical_accuracy", labels[:, None]),
    ]:
        ours, theirs = getattr(metrics, name)(y_true, scores), getattr(keras.metrics, name)(y_true, scores)
        assert ours.dtype is torch.float32
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_half_precision_predictions_and_masks() -> None:
    metric = metrics.SparseCategoricalAccuracy()
    y_pred = torch.tensor([[0.1, 0.9], [0.8, 0.2]], dtype=torch.bfloat16)
    metric.update_state(torch.tensor([1, 1]), y_pred)
    assert float(metric.result()) == 0.5
    y_pred._keras_mask = torch.tensor([True, False])
    metric.reset_state()
    metric.update_state(torch.tensor([1, 1]), y_pred)
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize(
    ("name", "true", "pred"),
    [
        ("BinaryAccuracy", (4, 3), (4, 1)),
        ("Accuracy", (4, 3), (4, 1)),
        ("CategoricalAccuracy", (4,), (4, 3)),
        ("SparseCategoricalAccuracy", (4, 3), (4, 3)),
    ],
)
def test_nothing_is_broadcast(name: str, true: tuple[int, ...], pred: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`y_true` of an accuracy"):
        getattr(metrics, name)().update_state(torch.zeros(true), torch.zeros(pred))
    with pytest.raises(TypeError, match="`threshold`"):
        metrics.BinaryAccuracy(threshold="high")
