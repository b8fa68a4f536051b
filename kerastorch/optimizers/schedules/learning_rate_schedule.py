"""The base of learning-rate schedules, and the arithmetic they share for floats and tensors."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry, serialization

Number = Any
"""A Python number, or a tensor of any shape."""


@registry.register("schedules")
class LearningRateSchedule:
    """A learning rate that depends on the number of updates done.

    Give an instance as `learning_rate` of any optimizer. A schedule of your own overrides `__call__` and, to be saved,
    `get_config`.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 / (1 + step)
        >>> Halving()(1)
        0.05
    """

    def __call__(self, step: Number) -> Number:
        """The learning rate at `step`.

        Args:
            step: The number of updates done: an int (a float comes back) or a tensor (a tensor comes back).

        Returns:
            The learning rate.

        Raises:
            NotImplementedError: The subclass does not define it.
        """
        raise NotImplementedError(
            errors.message(
                f"Schedule {type(self).__name__}",
                expected="a method `__call__(self, step)`",
                received=errors.Said("none"),
                remedy="Define it; it takes the number of updates and returns the learning rate.",
            )
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor arguments, as plain values."""
        raise NotImplementedError(
            errors.message(
                f"Schedule {type(self).__name__}",
                expected="a method `get_config(self)`",
                received=errors.Said("none"),
                remedy="Define it; it returns the constructor's arguments as a dict.",
            )
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """Make a schedule from `get_config`'s dict."""
        return cls(**config)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Write a schedule as plain values (Keras's format)."""
    config: dict[str, Any] = serialization.serialize_keras_object(learning_rate_schedule)
    return config


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Make the schedule that `serialize` wrote.

    Example:
        >>> from kerastorch.optimizers.schedules import ExponentialDecay
        >>> deserialize(serialize(ExponentialDecay(0.1, 10, 0.5)))(10)
        0.05
    """
    return serialization.deserialize_keras_object(config, custom_objects=custom_objects)


def check_steps(name: str, value: Any) -> None:
    """Raise unless `value` is a positive number of steps."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise errors.value_error(f"`{name}`", expected="a number of steps > 0", received=value)


def floor(x: Number) -> Number:
    """Round down."""
    return torch.floor(x) if isinstance(x, Tensor) else float(math.floor(x))


def ceil(x: Number) -> Number:
    """Round up."""
    return torch.ceil(x) if isinstance(x, Tensor) else float(math.ceil(x))


def cos(x: Number) -> Number:
    """Cosine."""
    return torch.cos(x) if isinstance(x, Tensor) else math.cos(x)


def log(x: Number) -> Number:
    """Natural logarithm."""
    return torch.log(x) if isinstance(x, Tensor) else math.log(x)


def power(base: Number, exponent: Number) -> Number:
    """`base` to the power of `exponent`."""
    if isinstance(base, Tensor) or isinstance(exponent, Tensor):
        return torch.pow(base, exponent)
    return math.pow(base, exponent)


def at_most(x: Number, limit: float) -> Number:
    """The smaller of the two."""
    return torch.clamp(x, max=limit) if isinstance(x, Tensor) else min(x, limit)


def where(condition: Number, yes: Number, no: Number) -> Number:
    """`yes` where the condition holds, else `no`."""
    return torch.where(condition, yes, no) if isinstance(condition, Tensor) else (yes if condition else no)


def as_float(step: Number) -> Number:
    """A step as a floating-point number; floating-point tensors keep their dtype."""
    if isinstance(step, Tensor):
        return step if step.is_floating_point() else step.to(torch.get_default_dtype())
    return float(step)
