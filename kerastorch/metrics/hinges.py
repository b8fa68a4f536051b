"""The hinge losses as metrics."""

from __future__ import annotations

from typing import Any

from kerastorch.losses import categorical_hinge, hinge, squared_hinge
from kerastorch.metrics.metric import register
from kerastorch.metrics.reduction import MeanOf


@register()
class Hinge(MeanOf):
    """The mean of max(1 - y_true * y_pred, 0); labels 0 and 1 count as -1 and 1.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Hinge()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> metric.result()
        tensor(1.3000)
    """

    _direction = "down"

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, name=name, dtype=dtype)


@register()
class SquaredHinge(MeanOf):
    """The mean of max(1 - y_true * y_pred, 0)^2; labels 0 and 1 count as -1 and 1.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = SquaredHinge()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> metric.result()
        tensor(1.8600)
    """

    _direction = "down"

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, name=name, dtype=dtype)


@register()
class CategoricalHinge(MeanOf):
    """The mean of max(best wrong score - right score + 1, 0) for one-hot labels.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = CategoricalHinge()
        >>> metric.update_state([[0.0, 1.0], [1.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
        >>> metric.result()
        tensor(1.2000)
    """

    _direction = "down"

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, name=name, dtype=dtype)
