"""`keras.constraints`: what a weight (in Keras's layout) is turned into after each optimizer step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

from kerastorch.base import errors, registry, serialization
from kerastorch.config import epsilon

Self = TypeVar("Self", bound="Constraint")
Axes = int | Sequence[int]


@registry.register("constraints", "constraint")
class Constraint:
    """A callable that gives an allowed value near a weight's. Subclass it and write `__call__(w)`.

    Example:
        >>> class AtMostOne(Constraint):
        ...     def __call__(self, w):
        ...         return w.clamp(max=1.0)
        >>> AtMostOne()(torch.tensor([0.5, 3.0]))
        tensor([0.5000, 1.0000])
    """

    def __call__(self, w: Any) -> Any:
        """An allowed value, the shape and dtype of `w` (the base class allows everything)."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls: type[Self], config: dict[str, Any]) -> Self:
        """Make a constraint from `get_config`'s result."""
        return cls(**config)


def _norms(w: Tensor, axis: Axes) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(w, dim=axis, keepdim=True)
    return norms


@registry.register("constraints", "max_norm")
class MaxNorm(Constraint):
    """Shortens the vectors along `axis` that are longer than `max_value`.

    From Srivastava et al., "Dropout", 2014 (https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        max_value: The greatest length.
        axis: The dimension or dimensions along which lengths are taken: 0 for Dense kernels `(in, out)`, [0, 1, 2] for
            Conv2D kernels.

    Raises:
        ValueError: `max_value` is negative.

    Example:
        >>> MaxNorm(1.0)(torch.tensor([[3.0], [4.0]])).tolist()
        [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, max_value: float = 2, axis: Axes = 0) -> None:
        if not isinstance(max_value, (int, float)) or not max_value >= 0:
            raise errors.value_error("`max_value` of MaxNorm", expected="a number >= 0", received=max_value)
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """The allowed value."""
        weight: Tensor = torch.as_tensor(w)
        norms = _norms(weight, self.axis)
        return weight * (norms.clamp(0, self.max_value) / (epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


@registry.register("constraints", "non_neg")
class NonNeg(Constraint):
    """Sets negative values to 0.

    Example:
        >>> NonNeg()(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def __call__(self, w: Any) -> Tensor:
        """The allowed value."""
        return torch.as_tensor(w).clamp(min=0)


@registry.register("constraints", "unit_norm")
class UnitNorm(Constraint):
    """Gives the vectors along `axis` length 1.

    Args:
        axis: The dimension or dimensions along which lengths are taken, as for `MaxNorm`.

    Example:
        >>> UnitNorm()(torch.tensor([[0.0], [4.0]])).tolist()
        [[0.0], [1.0]]
    """

    def __init__(self, axis: Axes = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """The allowed value."""
        weight: Tensor = torch.as_tensor(w)
        return weight / (epsilon() + _norms(weight, self.axis))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"axis": self.axis}


@registry.register("constraints", "min_max_norm")
class MinMaxNorm(Constraint):
    """Moves the lengths of the vectors along `axis` towards [min_value, max_value].

    Args:
        min_value: The least length.
        max_value: The greatest length.
        rate: The share of the way that is gone at each step: 1 for all of it.
        axis: The dimension or dimensions along which lengths are taken, as for `MaxNorm`.

    Raises:
        ValueError: `min_value` is greater than `max_value`.

    Example:
        >>> MinMaxNorm(max_value=1.0, rate=0.5)(torch.tensor([[3.0]])).tolist()
        [[2.0]]
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axes = 0) -> None:
        if not min_value <= max_value:
            raise errors.value_error(
                "`min_value` of MinMaxNorm", expected=f"at most `max_value`, {max_value}", received=min_value
            )
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """The allowed value."""
        weight: Tensor = torch.as_tensor(w)
        norms = _norms(weight, self.axis)
        wanted = self.rate * norms.clamp(self.min_value, self.max_value) + (1 - self.rate) * norms
        return weight * (wanted / (epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


def get(identifier: Any) -> Any:
    """A constraint from a name, a config, a class, a function or an object.

    Raises:
        ValueError: Nobody knows the name; the message says which known one is nearest.
        TypeError: `identifier` is nothing that could be a constraint.

    Example:
        >>> get("max_norm").get_config()
        {'max_value': 2, 'axis': 0}
    """
    return registry.resolve("constraints", identifier)


def serialize(constraint: Any) -> Any:
    """The config of a constraint.

    Example:
        >>> serialize(UnitNorm())["config"]
        {'axis': 0}
    """
    return serialization.serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint that a config or a name describes.

    Args:
        config: What `serialize` wrote, or a name.
        custom_objects: The user's own constraints by name.

    Returns:
        A constraint.

    Raises:
        ValueError: The constraint is unknown.

    Example:
        >>> deserialize(serialize(UnitNorm(1))).axis
        1
    """
    with registry.scope(custom_objects or {}):
        return get(config)


# the names by which Keras also exports the classes
max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm
