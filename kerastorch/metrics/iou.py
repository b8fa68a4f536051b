"""Intersection over union, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch import config
from kerastorch.base import errors
from kerastorch.metrics._align import as_tensor
from kerastorch.metrics.metric import Metric, register


@register()
class IoU(Metric):
    """Intersection over union of some classes, averaged: right / (labelled or predicted as that class).

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes that are averaged.
        name: The name in logs.
        dtype: The dtype of the counts; default "int32", as in Keras.
        ignore_class: A label that is left out.
        sparse_y_true: Whether labels are class numbers (else one-hot).
        sparse_y_pred: Whether predictions are class numbers (else scores).
        axis: The dimension of the classes where they are not class numbers.

    Raises:
        ValueError: A target class is not among the classes.

    Example:
        >>> metric = IoU(num_classes=2, target_class_ids=[0])
        >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
        >>> metric.result()
        tensor(0.3333)
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int32")
        kind = type(self).__name__
        if isinstance(num_classes, bool) or not isinstance(num_classes, int) or num_classes < 1:
            raise errors.value_error(f"`num_classes` of {kind}", expected="an integer >= 1", received=num_classes)
        if max(target_class_ids) >= num_classes:
            raise errors.value_error(
                f"`target_class_ids` of {kind}",
                expected=f"classes below {num_classes}",
                received=list(target_class_ids),
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        exact = "float64" if self._torch_dtype.is_floating_point else "int64"
        self.total_cm = self.add_variable((num_classes, num_classes), dtype=exact, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Class numbers, or one-hot labels; others than 0 .. num_classes - 1 are left out.
            y_pred: Class numbers, or scores.
            sample_weight: Weights of the shape of the class numbers (whole numbers with an integer dtype).
        """
        y_pred = as_tensor(y_pred)
        y_true = as_tensor(y_true, y_pred)
        y_true = (y_true if self.sparse_y_true else y_true.argmax(self.axis)).reshape(-1).long()
        y_pred = (y_pred if self.sparse_y_pred else y_pred.argmax(self.axis)).reshape(-1).long()
        if self.total_cm.device != y_pred.device:
            self.to(y_pred.device)
        weight = as_tensor(1 if sample_weight is None else sample_weight, y_pred).to(self.total_cm.dtype)
        weight = (weight.reshape(-1) if weight.ndim > 1 else weight).broadcast_to(y_true.shape)
        counted = (y_true >= 0) & (y_true < self.num_classes) & (y_pred >= 0) & (y_pred < self.num_classes)
        if self.ignore_class is not None:
            counted = counted & (y_true != self.ignore_class)
        places = torch.where(counted, y_true * self.num_classes + y_pred, 0)
        self.total_cm.view(-1).scatter_add_(0, places, torch.where(counted, weight, 0))

    def result(self) -> Tensor:
        """The average over the target classes that occur, shape ()."""
        matrix, epsilon = self.total_cm.detach(), config.epsilon()
        right = matrix.diagonal()
        union = matrix.sum(0) + matrix.sum(1) - right
        right, union = right[self.target_class_ids].float(), union[self.target_class_ids].float()
        occurring = union > 1e-9
        shares = torch.where(occurring, right / (union + epsilon), 0.0)
        return shares.sum() / (occurring.sum() + epsilon)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = {
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }
        return {**super().get_config(), **config}

    def _config_without(self, *names: str) -> dict[str, Any]:
        return {key: value for key, value in IoU.get_config(self).items() if key not in names}


@register()
class BinaryIoU(IoU):
    """Intersection over union of two classes, predictions being scores.

    Args:
        target_class_ids: The classes that are averaged.
        threshold: What is at least as large counts as class 1.
        name: The name in logs.
        dtype: The dtype of the counts.

    Example:
        >>> metric = BinaryIoU(threshold=0.3)
        >>> metric.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
        >>> metric.result()
        tensor(0.3333)
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_classes=2, target_class_ids=target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: labels 0 or 1 and scores."""
        super().update_state(y_true, as_tensor(y_pred) >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = self._config_without("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**config, "threshold": self.threshold}


@register()
class MeanIoU(IoU):
    """Intersection over union, averaged over all classes that occur.

    Args:
        num_classes: How many classes there are.
        name: The name in logs.
        dtype: The dtype of the counts.
        ignore_class: A label that is left out.
        sparse_y_true: Whether labels are class numbers (else one-hot).
        sparse_y_pred: Whether predictions are class numbers (else scores).
        axis: The dimension of the classes where they are not class numbers.

    Example:
        >>> metric = MeanIoU(num_classes=2)
        >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
        >>> metric.result()
        tensor(0.3333)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        classes = range(num_classes)
        super().__init__(num_classes, classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self._config_without("target_class_ids")


@register()
class OneHotIoU(IoU):
    """Intersection over union of some classes, labels being one-hot.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes that are averaged.
        name: The name in logs.
        dtype: The dtype of the counts.
        ignore_class: A label that is left out.
        sparse_y_pred: Whether predictions are class numbers (else scores).
        axis: The dimension of the classes.

    Example:
        >>> metric = OneHotIoU(num_classes=2, target_class_ids=[1])
        >>> metric.update_state([[1, 0], [0, 1]], [[0.2, 0.8], [0.3, 0.7]])
        >>> metric.result()
        tensor(0.5000)
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self._config_without("sparse_y_true")


@register()
class OneHotMeanIoU(MeanIoU):
    """Intersection over union, averaged over all classes that occur, labels being one-hot.

    Args:
        num_classes: How many classes there are.
        name: The name in logs.
        dtype: The dtype of the counts.
        ignore_class: A label that is left out.
        sparse_y_pred: Whether predictions are class numbers (else scores).
        axis: The dimension of the classes.

    Example:
        >>> metric = OneHotMeanIoU(num_classes=2)
        >>> metric.update_state([[1, 0], [0, 1]], [[0.2, 0.8], [0.3, 0.7]])
        >>> metric.result()
        tensor(0.2500)
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self._config_without("target_class_ids", "sparse_y_true")
