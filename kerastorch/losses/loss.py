"""`keras.Loss`: the base class of losses."""

from __future__ import annotations

import copy
from typing import Any

from torch import Tensor

from kerastorch.base import dtypes, errors, naming, nested, policy, registry
from kerastorch.losses.pairing import as_tensor
from kerastorch.losses.reduction import reduce_weighted_values, standardize_reduction


@registry.register("losses")
class Loss:
    """What a model is trained to make small. Subclass it and write `call(y_true, y_pred)`.

    Args:
        name: Its name; by default made from the class's name.
        reduction: "sum_over_batch_size" or "mean" (the average), "sum", "mean_with_sample_weight" (divide by the sum of
            the weights), "none" or None (one loss per sample).
        dtype: A dtype or dtype policy whose compute dtype the loss works in; default `floatx()`.

    Raises:
        ValueError: The reduction or the dtype is unknown.

    Example:
        >>> import torch
        >>> class Distance(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return (y_true - y_pred).abs().sum(-1)
        >>> Distance()(torch.zeros(2, 3), torch.ones(2, 3))
        tensor(3.)
    """

    # Labels are handed to `call` in the loss's dtype, as in Keras; built-in functions convert their own.
    _casts_labels = True

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self.reduction = standardize_reduction(reduction)
        self._dtype = policy.get(dtype or policy.floatx()).compute_dtype
        self._torch_dtype = dtypes.torch_dtype(self._dtype)

    @property
    def dtype(self) -> str:
        """The name of the dtype the loss works in."""
        return self._dtype

    def in_dtype(self, dtype: Any) -> Loss:
        """This loss, working in another dtype (a copy).

        Args:
            dtype: A dtype or dtype policy.
        """
        made = copy.copy(self)
        made._dtype = policy.get(dtype).compute_dtype
        made._torch_dtype = dtypes.torch_dtype(made._dtype)
        return made

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None) -> Tensor:
        """The loss of a batch.

        Args:
            y_true: Truth, shape `(batch, ...)`; tensors, arrays, or a nested structure of them.
            y_pred: Predictions.
            sample_weight: Weights, shape `(batch,)` or that of the unreduced loss.
            mask: True where the unreduced loss counts; default the mask that `y_pred` carries, if any.

        Returns:
            A scalar, or the unreduced losses with reduction "none" or None.

        Raises:
            ValueError: Shapes do not fit.
        """
        if mask is None:
            mask = getattr(y_pred, "_keras_mask", None)
        y_pred = self._cast(y_pred)
        values = as_tensor(self.call(self._cast(y_true) if self._casts_labels else y_true, y_pred))
        counted = getattr(values, "_keras_mask", None)
        if mask is not None and counted is not None:
            mask = as_tensor(mask).bool() & counted
        return reduce_weighted_values(
            values, sample_weight, counted if mask is None else mask, self.reduction, self._torch_dtype
        )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss per sample; subclasses write this.

        Args:
            y_true: Truth, in the loss's dtype.
            y_pred: Predictions, in the loss's dtype.

        Returns:
            Losses, shape `(batch, ...)`.
        """
        raise NotImplementedError(
            errors.message(
                f"Loss {type(self).__name__}",
                expected="a method `call(self, y_true, y_pred)`",
                received=errors.Said("a class without one"),
                remedy="Return one loss per sample from it.",
            )
        )

    def _cast(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return value if value.dtype is self._torch_dtype else value.to(self._torch_dtype)
        if nested.is_nested(value) and not _is_numbers(value):
            return nested.map_structure(self._cast, value)
        return as_tensor(value).to(self._torch_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments (Keras leaves `dtype` out)."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Make a loss from `get_config`'s result."""
        return cls(**config)


def _is_numbers(value: Any) -> bool:
    """Whether nested lists hold nothing but Python numbers: an array written out, not a structure of arrays."""
    return all(isinstance(leaf, (int, float)) for leaf in nested.flatten(value)) and isinstance(value, (list, tuple))
