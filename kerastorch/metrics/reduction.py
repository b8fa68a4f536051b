"""Sums and means over all samples: `Sum`, `Mean`, and `MeanMetricWrapper` around a function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from torch import Tensor

from kerastorch.base import errors, registry, serialization
from kerastorch.metrics._align import as_tensor, divide_no_nan, samplewise, weight_of
from kerastorch.metrics.metric import Metric, register
from kerastorch.nn.variable import Variable

W = TypeVar("W", bound="MeanMetricWrapper")
F = TypeVar("F", bound=Callable[..., Any])

# Metric functions by name. In the registry their names mean the classes, as in Keras; in a config both occur.
_functions: dict[str, Callable[..., Any]] = {}


def metric_function(function: F) -> F:
    """Register a metric function, which is then written to configs by name."""
    _functions[function.__name__] = function
    return registry.register("metrics")(function)


@register()
class Sum(Metric):
    """The (weighted) sum of everything it is given, accumulated in float64.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Sum()
        >>> metric.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
        >>> metric.result()
        tensor(4.)
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(dtype="float64", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values.

        Args:
            values: Numbers of any shape.
            sample_weight: Their weights, of a shape that is a prefix of that of `values`.
        """
        mask = None if sample_weight is None else getattr(values, "_keras_mask", None)
        values = as_tensor(values)
        if values.device != self.total.device:
            self.to(values.device)
        kind = self.total.dtype
        values, _ = samplewise(values.to(kind), weight_of(sample_weight, mask, values, kind), summed=True)
        self.total.add_(values.sum())

    def result(self) -> Tensor:
        """The sum, shape ()."""
        return self.total.to(self._torch_dtype, copy=True)


@register()
class Mean(Metric):
    """The (weighted) mean over samples of everything it is given, accumulated in float64.

    A sample's own values are averaged first. The sums are the same however the samples are split into batches.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Mean()
        >>> metric.update_state([1, 3, 5, 7])
        >>> metric.update_state([10], sample_weight=[2])
        >>> metric.result()
        tensor(6.)
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable(dtype="float64", name="total")
        self._count = self.add_variable(dtype="float64", name="count")
        # Unweighted samples are counted on the host and join the variable when somebody reads it.
        self._counted = 0

    @property
    def count(self) -> Variable:
        """The sum of the weights so far (the number of samples where there were no weights)."""
        if self._counted:
            self._count.add_(self._counted)
            self._counted = 0
        return self._count

    @property
    def variables(self) -> list[Variable]:
        """The state: `total`, `count`, and what a subclass added."""
        _ = self.count
        return super().variables

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add values.

        Args:
            values: Shape (samples, ...), or a scalar, which counts as one sample.
            sample_weight: Their weights, of a shape that is a prefix of that of `values`.
        """
        if sample_weight is None:
            self._add(values if type(values) is Tensor else as_tensor(values))
        else:
            self._add_weighted(values, sample_weight, getattr(values, "_keras_mask", None))

    def _add(self, values: Tensor) -> None:
        """Add unweighted values: one sum, one addition, nothing that waits for the device."""
        total, shape = self.total, values.shape
        if values.device != total.device:
            self.to(values.device)
        if values.requires_grad:
            values = values.detach()
        summed = values.sum(dtype=total.dtype)
        if values.ndim > 1:
            inner = math.prod(shape[1:])
            if inner != 1:
                summed /= inner
        total.add_(summed)
        self._counted += shape[0] if shape else 1

    def _add_weighted(self, values: Any, sample_weight: Any, mask: Any) -> None:
        values = as_tensor(values)
        if values.device != self.total.device:
            self.to(values.device)
        kind = self.total.dtype
        weight = weight_of(sample_weight, mask, values, kind)
        values, weight = samplewise(values.to(kind), weight, summed=False)
        self.total.add_(values.sum())
        self._count.add_(weight.sum())  # type: ignore[union-attr]

    def reset_state(self) -> None:
        """Forget every batch."""
        super().reset_state()
        self._counted = 0

    def result(self) -> Tensor:
        """The mean, shape (); 0 before the first sample."""
        total, count = self.total, self.count
        return divide_no_nan(total, count).to(self._torch_dtype)


@register()
class MeanMetricWrapper(Mean):
    """The mean over samples of a function of labels and predictions.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, one value a sample or several, which are averaged. A function that gives one
            number a batch counts as one sample a batch, as in Keras.
        name: The name in logs.
        dtype: The dtype of the result.
        **kwargs: Passed on to `fn`.

    Example:
        >>> metric = MeanMetricWrapper(lambda y_true, y_pred: (y_true - y_pred).abs(), name="distance")
        >>> metric.update_state([1.0, 2.0], [1.0, 4.0])
        >>> metric.result()
        tensor(1.)
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        if not callable(fn):
            raise errors.type_error(
                "`fn` of MeanMetricWrapper", expected="a function `fn(y_true, y_pred)`", received=fn
            )
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]
        self._fn = fn
        self._fn_kwargs = kwargs
        known = registry.slot_and_name(fn) or registry.slot_and_name(type(fn))
        if known is not None and known[0] == "losses":
            self._direction = self._direction or "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Labels.
            y_pred: Predictions, shape (samples, ...); a mask that they carry is honoured.
            sample_weight: Weights, of a shape that is a prefix of that of the function's values.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        y_pred = as_tensor(y_pred)
        y_true = y_true if isinstance(y_true, Tensor) else as_tensor(y_true, y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        if sample_weight is None and mask is None:
            self._add(values if isinstance(values, Tensor) else as_tensor(values))
            return
        weight = weight_of(sample_weight, mask, y_pred, self.total.dtype)
        self._add_weighted(values, weight, getattr(values, "_keras_mask", None))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        arguments = {"fn": self._fn, **self._fn_kwargs}
        return {**super().get_config(), **serialization.serialize_keras_object(arguments)}

    @classmethod
    def from_config(cls: type[W], config: dict[str, Any]) -> W:
        """Make a metric from `get_config`'s result."""
        config = dict(config)
        written = config.get("fn")
        if isinstance(written, dict) and written.get("class_name") == "function":
            config["fn"] = _functions.get(written["config"], written)
        return super().from_config(config)


class MeanOf(MeanMetricWrapper):
    """The base of the named metrics: their function is fixed, so that configs leave it out."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype, **self._fn_kwargs}

    @classmethod
    def from_config(cls: type[W], config: dict[str, Any]) -> W:
        """Make a metric from `get_config`'s result."""
        return cls(**config)
