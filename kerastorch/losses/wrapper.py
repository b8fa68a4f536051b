"""Losses made from functions, with a shorter way where one torch kernel gives the mean at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from torch import Tensor

from kerastorch.base import errors, nested, registry, serialization
from kerastorch.losses.loss import Loss
from kerastorch.losses.pairing import squeeze_or_expand_to_same_rank
from kerastorch.losses.reduction import MEANS

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

_mean_forms: dict[Function, Function] = {}


def mean_form(function: Function) -> Callable[[F], F]:
    """Mark a function as giving the mean of `function`'s losses in fewer operations."""

    def decorate(mean: F) -> F:
        _mean_forms[function] = mean
        return mean

    return decorate


@registry.register("losses")
class LossFunctionWrapper(Loss):
    """A loss object around a function `fn(y_true, y_pred, **kwargs)` that returns one loss per sample.

    Args:
        fn: The function.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.
        **kwargs: Further arguments of `fn`.

    Raises:
        TypeError: `fn` is not callable.

    Example:
        >>> import torch
        >>> loss = LossFunctionWrapper(lambda y_true, y_pred: (y_true - y_pred).abs(), reduction="sum")
        >>> loss(torch.zeros(3), torch.ones(3))
        tensor(3.)
    """

    def __init__(
        self,
        fn: Function,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not callable(fn):
            raise errors.type_error("`fn` of LossFunctionWrapper", expected="a function", received=fn)
        self.fn = fn
        self._fn_kwargs = kwargs
        known = registry.slot_and_name(fn)
        self._casts_labels = known is None or known[0] == "ops"
        usual = type(self).call is LossFunctionWrapper.call and reduction in MEANS
        # a loss that ignores a class averages over what is left: the plain mean would count too many
        self._mean = _mean_forms.get(fn) if usual and kwargs.get("ignore_class") is None else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None) -> Tensor:
        """The loss of a batch; see `Loss.__call__`."""
        if self._mean is None or sample_weight is not None or mask is not None or hasattr(y_pred, "_keras_mask"):
            return super().__call__(y_true, y_pred, sample_weight, mask=mask)
        if not isinstance(y_pred, Tensor) or y_pred.dtype is not self._torch_dtype:
            y_pred = self._cast(y_pred)
        return self._mean(y_true, y_pred, **self._fn_kwargs)  # type: ignore[no-any-return]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """`fn` on labels and predictions of one rank."""
        if isinstance(y_true, Tensor) and isinstance(y_pred, Tensor):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        elif nested.is_nested(y_pred):
            pairs = nested.map_structure(squeeze_or_expand_to_same_rank, y_true, y_pred)
            y_true = nested.map_structure_up_to(y_true, lambda pair: pair[0], pairs)
            y_pred = nested.map_structure_up_to(y_pred, lambda pair: pair[1], pairs)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, the function by its name."""
        config = {**super().get_config(), "fn": serialization.serialize_keras_object(self.fn)}
        config.update(serialization.serialize_keras_object(self._fn_kwargs))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """Make a loss from `get_config`'s result."""
        return cls(**(serialization.deserialize_keras_object(config) if "fn" in config else config))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, reduction={self.reduction!r}, {self._fn_kwargs}>"


class NamedLoss(LossFunctionWrapper):
    """A built-in loss: its function belongs to the class, and its arguments are attributes and config.

    `_quiet` names arguments that Keras's configs leave out; they are written only when they differ from the default.
    """

    _quiet: ClassVar[dict[str, Any]] = {}

    def __init__(self, fn: Function, reduction: str | None, name: str | None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(fn, reduction, name, dtype, **kwargs)
        for argument, value in kwargs.items():
            setattr(self, argument, value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **Loss.get_config(self),
            **{k: v for k, v in self._fn_kwargs.items() if k not in self._quiet or v != self._quiet[k]},
        }
