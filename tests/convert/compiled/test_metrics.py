"""Metrics as torch expressions, beside the metrics themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import kerastorch as keras
from kerastorch import metrics
from kerastorch.convert import training
from tests.convert.compiled.test_losses import compiled, numbers
from tests.convert.running import value


def spread(y_true: Any, y_pred: Any) -> Any:
    """A metric of the user's own."""
    return (y_true - y_pred).amax(-1)


MEANS = [
    ("mse", (6, 4), "float"), ("mae", (6, 4), "float"), ("mape", (6, 3, 4), "float"), ("msle", (6, 4), "float"),
    ("kl_divergence", (6, 4), "float"), ("poisson", (6, 4), "float"), ("logcosh", (6, 4), "float"),
    (metrics.BinaryAccuracy(threshold=0.3), (6, 1), "binary"), ("binary_accuracy", (6, 4), "binary"),
    ("categorical_accuracy", (6, 4), "one-hot"), (metrics.TopKCategoricalAccuracy(2), (6, 4), "one-hot"),
    ("sparse_categorical_accuracy", (6, 4), "classes"), (metrics.SparseTopKCategoricalAccuracy(2), (6, 4), "classes"),
    ("sparse_categorical_accuracy", (6, 3, 4), "classes"), ("sparse_categorical_crossentropy", (6, 4), "classes"),
    ("categorical_crossentropy", (6, 4), "one-hot"), ("binary_crossentropy", (6, 4), "binary"),
    (metrics.BinaryCrossentropy(from_logits=True), (6, 1), "binary"), ("hinge", (6, 4), "float"),
    (spread, (6, 4), "float"), ("accuracy", (6, 1), "binary"),
]  # fmt: skip


def targets(kind: str, shape: tuple[int, ...]) -> torch.Tensor:
    if kind == "float":
        return numbers(*shape, seed=4)
    if kind == "binary":
        return (numbers(*shape, seed=4) > 0.5).float()
    labels = (numbers(*shape[:-1], seed=4) * shape[-1]).long()
    return labels if kind == "classes" else torch.nn.functional.one_hot(labels, shape[-1]).float()


@pytest.mark.parametrize(("metric", "shape", "kind"), MEANS, ids=str)
def test_means(metric: Any, shape: tuple[int, ...], kind: str) -> None:
    loss = keras.losses.SparseCategoricalCrossentropy() if kind == "classes" else "mse"
    model = compiled(loss, *shape[1:], metrics=[metric])
    ((name, piece),) = training.metrics(model).items()
    assert not piece.stateful and not piece.notes
    y, p = targets(kind, shape), numbers(*shape, seed=5)
    known = metrics.get(metric) if isinstance(metric, str) and metric != "accuracy" else metric
    known = metrics.BinaryAccuracy() if known == "accuracy" else known
    known = known if isinstance(known, metrics.Metric) else metrics.MeanMetricWrapper(known, name=name)
    known.reset_state()
    known.update_state(y, p)
    torch.testing.assert_close(value(piece, y=y, y_pred=p), known.result(), atol=1e-6, rtol=1e-6)


def test_others_are_objects_that_collect() -> None:
    model = compiled("mse", 1, metrics=[metrics.Precision(thresholds=0.4, name="precision"), "root_mean_squared_error"])
    found = training.metrics(model)
    assert list(found) == ["precision", "root_mean_squared_error"]
    assert found["precision"].expression == "keras.metrics.Precision(thresholds=0.4)"
    y, p = targets("binary", (6, 1)), numbers(6, 1)
    for piece, known in zip(
        found.values(), (metrics.Precision(thresholds=0.4), metrics.RootMeanSquaredError()), strict=True
    ):
        assert piece.stateful and piece.notes
        made = value(piece)
        for metric in (made, known):
            metric.update_state(y, p)
        assert torch.equal(made.result(), known.result())


def test_accuracy_goes_by_the_loss() -> None:
    sparse = compiled("sparse_categorical_crossentropy", 4, metrics=["accuracy"])
    assert training.metrics(sparse)["accuracy"].expression == "(y_pred.argmax(-1) == y.flatten()).float().mean()"
    one_hot = compiled("categorical_crossentropy", 4, metrics=["accuracy"])
    assert training.metrics(one_hot)["accuracy"].expression == "(y_pred.argmax(-1) == y.argmax(-1)).float().mean()"
