"""From what a user names to a metric: strings, functions, objects, torchmetrics, and "accuracy" by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastorch.base import errors, naming, registry, serialization
from kerastorch.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from kerastorch.metrics.adapters import TorchLossMetric, TorchMetricsAdapter, is_torch_loss, is_torchmetric
from kerastorch.metrics.metric import Metric
from kerastorch.metrics.reduction import MeanMetricWrapper

Shape = Sequence[int | None]


def serialize(metric: Any) -> Any:
    """The config of a metric or metric function.

    Example:
        >>> serialize(BinaryAccuracy())["class_name"]
        'BinaryAccuracy'
    """
    return serialization.serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric or function that a config describes.

    Args:
        config: What `serialize` returned, or a name.
        custom_objects: The user's classes and functions by name.
    """
    with registry.scope(custom_objects or {}):
        return get(config)


def get(identifier: Any) -> Any:
    """A metric from a name, config, class or object; functions are handed back as they are.

    Args:
        identifier: What the user gave; None stays None.

    Raises:
        ValueError: The name is unknown.
        TypeError: It is nothing that could be used.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    return registry.resolve("metrics", identifier)


def _kind(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """ "binary", "sparse_categorical" or "categorical", as Keras tells them apart by shape."""
    last_true = y_true_shape[-1] if y_true_shape else None
    last_pred = y_pred_shape[-1] if y_pred_shape else None
    if last_pred == 1:
        return "binary"
    fewer = len(y_true_shape) < len(y_pred_shape)
    return "sparse_categorical" if fewer or (last_true == 1 and (last_pred or 2) > 1) else "categorical"


def accuracy_for(y_true_shape: Shape, y_pred_shape: Shape) -> type[Any]:
    """What "accuracy" means for these shapes.

    Args:
        y_true_shape: The shape of the labels, batch included.
        y_pred_shape: The shape of the predictions, batch included.

    Returns:
        `BinaryAccuracy` for a single output, `SparseCategoricalAccuracy` for class numbers, else `CategoricalAccuracy`.

    Example:
        >>> accuracy_for((32,), (32, 10)).__name__, accuracy_for((32, 10), (32, 10)).__name__
        ('SparseCategoricalAccuracy', 'CategoricalAccuracy')
    """
    found = {
        "binary": BinaryAccuracy,
        "sparse_categorical": SparseCategoricalAccuracy,
        "categorical": CategoricalAccuracy,
    }
    return found[_kind(y_true_shape, y_pred_shape)]


def crossentropy_for(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """The name of the loss (and metric) that "crossentropy" means for these shapes.

    Args:
        y_true_shape: The shape of the labels, batch included.
        y_pred_shape: The shape of the predictions, batch included.

    Example:
        >>> crossentropy_for((32, 1), (32, 1))
        'binary_crossentropy'
    """
    return f"{_kind(y_true_shape, y_pred_shape)}_crossentropy"


def object_name(obj: Any) -> str:
    """The name of a metric, loss, function or class instance in logs, as Keras makes it.

    Example:
        >>> object_name(accuracy_for), object_name(BinaryAccuracy(name="hits"))
        ('accuracy_for', 'hits')
    """
    name = getattr(obj, "name", None)
    if isinstance(name, str):
        return name
    return naming.to_snake_case(getattr(obj, "__name__", type(obj).__name__))


def metric_for(identifier: Any, y_true_shape: Shape, y_pred_shape: Shape) -> Metric:
    """The metric that `compile(metrics=[identifier])` means for one output.

    Args:
        identifier: A name ("accuracy" and "crossentropy" go by the shapes), a config, class, metric, function
            `(y_true, y_pred)`, loss object, torchmetrics object, or torch loss.
        y_true_shape: The shape of the labels, batch included.
        y_pred_shape: The shape of the predictions, batch included.

    Returns:
        A metric; one made from a name is called by that very name.

    Raises:
        ValueError: The name is unknown, or `identifier` is None.
        TypeError: It is nothing that could be used.

    Example:
        >>> metric = metric_for("acc", (None, 1), (None, 10))
        >>> type(metric).__name__, metric.name
        ('SparseCategoricalAccuracy', 'acc')
    """
    if identifier is None:
        raise errors.value_error("Metric", expected="a name, a metric or a function", received=None)
    if isinstance(identifier, str):
        metric = _by_name(identifier, y_true_shape, y_pred_shape)
        name = identifier
    else:
        metric = get(identifier)
        name = object_name(metric)
    metric = _as_metric(metric, name)
    metric.name = name
    return metric


def _by_name(name: str, y_true_shape: Shape, y_pred_shape: Shape) -> Any:
    if name.lower() in ("accuracy", "acc"):
        return accuracy_for(y_true_shape, y_pred_shape)()
    if name.lower() in ("crossentropy", "ce"):
        return get(crossentropy_for(y_true_shape, y_pred_shape))
    return get(name)


def _as_metric(found: Any, name: str) -> Any:
    if isinstance(found, Metric) or all(hasattr(found, m) for m in ("update_state", "result", "reset_state")):
        return found
    if is_torchmetric(found):
        return TorchMetricsAdapter(found, name=name)
    if is_torch_loss(found):
        return TorchLossMetric(found, name=name)
    return MeanMetricWrapper(found, name=name)
