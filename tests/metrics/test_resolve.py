"""Names, configs, functions and objects to metrics, as Keras's compile understands them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras.src.metrics import ALL_OBJECTS_DICT
from keras.src.trainers.compile_utils import get_loss, get_metric

from kerastorch import losses, metrics

SHAPES = [((8,), (8, 10)), ((8, 1), (8, 10)), ((8, 10), (8, 10)), ((8, 1), (8, 1)), ((8,), (8, 1)), ((8,), (8,))]
SHAPES += [((8, 5), (8, 5, 10)), ((8, 5, 1), (8, 5, 10)), ((8, 5, 10), (8, 5, 10)), ((8, 5, 1), (8, 5, 1))]


@pytest.mark.parametrize(("true", "pred"), SHAPES)
@pytest.mark.parametrize("word", ["accuracy", "acc", "Accuracy"])
def test_accuracy_by_shape(word: str, true: Any, pred: Any) -> None:
    theirs = get_metric(word, np.zeros(true), np.zeros(pred))
    ours = metrics.metric_for(word, true, pred)
    assert (type(ours).__name__, ours.name) == (type(theirs).__name__, theirs.name)
    assert (
        metrics.accuracy_for((None, *true[1:]), (None, *pred[1:])).__name__ == type(theirs).__name__ or len(pred) == 1
    )


@pytest.mark.parametrize(("true", "pred"), SHAPES)
def test_crossentropy_by_shape(true: Any, pred: Any) -> None:
    theirs = get_loss("crossentropy", np.zeros(true), np.zeros(pred))
    assert metrics.crossentropy_for(true, pred) == theirs.fn.__name__
    made = metrics.metric_for("ce", true, pred)
    assert made.name == "ce"
    assert metrics.crossentropy_for(true, pred) == metrics.get(metrics.crossentropy_for(true, pred)).name


@pytest.mark.parametrize(
    "name", sorted(set(ALL_OBJECTS_DICT) - {"Metric", "metric", "MeanMetricWrapper", "mean_metric_wrapper"})
)
def test_every_name_of_keras_is_known(name: str) -> None:
    cls = ALL_OBJECTS_DICT[name]
    needed: dict[str, Any] = {}
    if "IoU" in cls.__name__ and cls.__name__ != "BinaryIoU":
        needed = {"num_classes": 3}
        if "Mean" not in cls.__name__:
            needed["target_class_ids"] = [0]
    if "At" in cls.__name__:
        needed = {cls.__name__.partition("At")[2].lower(): 0.5}
    from kerastorch.base import registry

    ours = registry.resolve("metrics", name, **needed)
    theirs = cls(**needed)
    assert type(ours).__name__ == cls.__name__
    assert ours.get_config() == {**theirs.get_config(), "name": ours.name}
    assert getattr(ours, "_direction", None) == getattr(theirs, "_direction", None)


@pytest.mark.parametrize(
    "name", [n for n in dir(keras.metrics) if n[0].islower() and n not in ("get", "serialize", "deserialize")]
)
def test_every_function_of_keras_is_there(name: str) -> None:
    assert callable(getattr(metrics, name))


def my_metric(y_true: Any, y_pred: Any) -> Any:
    """A user's function."""
    return (y_true - y_pred).abs().mean(-1)


def test_what_compile_accepts() -> None:
    shapes = (None, 3), (None, 3)
    named = [
        ("mse", "mse", "MeanSquaredError"),
        ("MeanSquaredError", "MeanSquaredError", "MeanSquaredError"),
        (metrics.MeanSquaredError, "mean_squared_error", "MeanSquaredError"),
        (metrics.MeanSquaredError(name="error"), "error", "MeanSquaredError"),
        (my_metric, "my_metric", "MeanMetricWrapper"),
        (lambda y_true, y_pred: y_pred, "lambda", "MeanMetricWrapper"),
        (metrics.binary_accuracy, "binary_accuracy", "MeanMetricWrapper"),
        (losses.MeanSquaredError(name="loss_object"), "loss_object", "MeanMetricWrapper"),
        (
            {"class_name": "MeanAbsoluteError", "module": "keras.metrics", "config": {"name": "gap"}},
            "gap",
            "MeanAbsoluteError",
        ),
    ]
    for identifier, name, kind in named:
        metric = metrics.metric_for(identifier, *shapes)
        assert (metric.name, type(metric).__name__) == (name, kind)
        metric.update_state(torch.zeros(2, 3), torch.ones(2, 3))
        assert metric.result().ndim == 0


def test_configs_go_through_json() -> None:
    import json

    for metric in (
        metrics.AUC(),
        metrics.TopKCategoricalAccuracy(k=2),
        metrics.MeanIoU(3),
        metrics.Precision([0.2, 0.4]),
    ):
        config = json.loads(json.dumps(metrics.serialize(metric)))
        assert metrics.deserialize(config).get_config() == metric.get_config()


def test_what_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="Did you mean 'accuracy'"):
        metrics.metric_for("acuracy", (None, 1), (None, 1))
    with pytest.raises(ValueError, match="a name, a metric or a function"):
        metrics.metric_for(None, (None, 1), (None, 1))
    with pytest.raises(TypeError, match="metric"):
        metrics.metric_for(3, (None, 1), (None, 1))
    assert metrics.get(None) is None
