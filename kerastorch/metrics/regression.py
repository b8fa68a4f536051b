"""Mean errors of regression, and cosine similarity."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.losses import (
    cosine_similarity,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from kerastorch.losses.pairing import as_pair
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.metric import register
from kerastorch.metrics.reduction import Mean, MeanOf


def _cosine(y_true: Tensor, y_pred: Tensor, axis: int = -1) -> Tensor:
    return -cosine_similarity(y_true, y_pred, axis=axis)  # the loss has the other sign


@register("mse", "MSE")
class MeanSquaredError(MeanOf):
    """The mean of squared errors.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = MeanSquaredError()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
        >>> metric.result()
        tensor(0.2500)
    """

    _direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, name=name, dtype=dtype)


@register("mae", "MAE")
class MeanAbsoluteError(MeanOf):
    """The mean of absolute errors.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = MeanAbsoluteError()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
        >>> metric.result()
        tensor(0.2500)
    """

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, name=name, dtype=dtype)


@register("mape", "MAPE")
class MeanAbsolutePercentageError(MeanOf):
    """The mean of absolute errors in percent of the labels (which count as at least `epsilon()`).

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = MeanAbsolutePercentageError()
        >>> metric.update_state([[2.0, 4.0]], [[1.0, 4.0]])
        >>> metric.result()
        tensor(25.)
    """

    _direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, name=name, dtype=dtype)


@register("msle", "MSLE")
class MeanSquaredLogarithmicError(MeanOf):
    """The mean of squared differences of log(1 + value).

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = MeanSquaredLogarithmicError()
        >>> metric.update_state([[0.0, 1.0]], [[0.0, 1.0]])
        >>> metric.result()
        tensor(0.)
    """

    _direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name=name, dtype=dtype)


@register("logcosh", "log_cosh", "LogCosh")
class LogCoshError(MeanOf):
    """The mean of log(cosh(error)).

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = LogCoshError()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
        >>> metric.result()
        tensor(0.1084)
    """

    _direction = "down"

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, name=name, dtype=dtype)


@register("rmse", "RMSE")
class RootMeanSquaredError(Mean):
    """The root of the mean of squared errors.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = RootMeanSquaredError()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
        >>> metric.result()
        tensor(0.5000)
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions of the same shape ((N,) and (N, 1) meet).
            sample_weight: Weights, of a shape that is a prefix of theirs.
        """
        y_pred = as_tensor(y_pred).to(self._torch_dtype)
        y_true, y_pred = as_pair(as_tensor(y_true, y_pred), y_pred)
        super().update_state((y_pred - y_true).square(), sample_weight)

    def result(self) -> Tensor:
        """The root of the mean, shape ()."""
        return super().result().sqrt()


@register()
class CosineSimilarity(MeanOf):
    """The mean of the cosines between labels and predictions: 1 where they point the same way.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        axis: The dimension that a vector lies along.

    Example:
        >>> metric = CosineSimilarity()
        >>> metric.update_state([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]])
        >>> metric.result()
        tensor(0.5000)
    """

    _direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(_cosine, name=name, dtype=dtype, axis=axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `axis` only where it is not -1, since Keras's configs lack it."""
        config = super().get_config()
        return config if config["axis"] != -1 else {k: v for k, v in config.items() if k != "axis"}
