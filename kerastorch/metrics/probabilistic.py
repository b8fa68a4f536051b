"""Cross-entropies and other measures of probabilities."""

from __future__ import annotations

from typing import Any

from kerastorch.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from kerastorch.metrics.metric import register
from kerastorch.metrics.reduction import MeanOf


@register("kld", "KLD", "kullback_leibler_divergence")
class KLDivergence(MeanOf):
    """The mean of sum(y_true * log(y_true / y_pred)) over the last dimension.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = KLDivergence()
        >>> metric.update_state([[0.5, 0.5]], [[0.5, 0.5]])
        >>> metric.result()
        tensor(0.)
    """

    _direction = "down"

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, name=name, dtype=dtype)


@register()
class Poisson(MeanOf):
    """The mean of y_pred - y_true * log(y_pred).

    Args:
        name: The name in logs.
        dtype: The dtype of the result.

    Example:
        >>> metric = Poisson()
        >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
        >>> metric.result()
        tensor(0.5000)
    """

    _direction = "down"

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, name=name, dtype=dtype)


@register("bce", "BCE")
class BinaryCrossentropy(MeanOf):
    """The mean cross-entropy of 0/1 labels.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        from_logits: Whether predictions are scores before the sigmoid.
        label_smoothing: How far labels are moved towards 0.5, in [0, 1].

    Example:
        >>> metric = BinaryCrossentropy()
        >>> metric.update_state([[0.0], [1.0]], [[0.5], [0.5]])
        >>> metric.result()
        tensor(0.6931)
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(binary_crossentropy, name=name, dtype=dtype, **options)


@register()
class CategoricalCrossentropy(MeanOf):
    """The mean cross-entropy of one-hot labels.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        from_logits: Whether predictions are scores before the softmax.
        label_smoothing: How far labels are moved towards equal shares, in [0, 1].
        axis: The dimension of the classes.

    Example:
        >>> metric = CategoricalCrossentropy()
        >>> metric.update_state([[0.0, 1.0]], [[0.5, 0.5]])
        >>> metric.result()
        tensor(0.6931)
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(categorical_crossentropy, name=name, dtype=dtype, **options)


@register()
class SparseCategoricalCrossentropy(MeanOf):
    """The mean cross-entropy of labels that are class numbers.

    Args:
        name: The name in logs.
        dtype: The dtype of the result.
        from_logits: Whether predictions are scores before the softmax.
        ignore_class: A class number that counts as loss 0 wherever it is the label.
        axis: The dimension of the classes.

    Example:
        >>> metric = SparseCategoricalCrossentropy()
        >>> metric.update_state([1, 0], [[0.5, 0.5], [0.5, 0.5]])
        >>> metric.result()
        tensor(0.6931)
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        options: dict[str, Any] = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(sparse_categorical_crossentropy, name=name, dtype=dtype, **options)
