"""Exponential, inverse-time, polynomial and stepwise decay of the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastorch.base import errors, registry
from kerastorch.optimizers.schedules.learning_rate_schedule import (
    LearningRateSchedule,
    Number,
    as_float,
    at_most,
    ceil,
    check_steps,
    floor,
    power,
    where,
)


@registry.register("schedules")
class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: After how many updates the rate is multiplied by `decay_rate`.
        decay_rate: The factor.
        staircase: Whether the rate changes only at whole multiples of `decay_steps`.
        name: A name.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
        0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Number) -> Number:
        periods = as_float(step) / self.decay_steps
        return self.initial_learning_rate * power(self.decay_rate, floor(periods) if self.staircase else periods)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@registry.register("schedules")
class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: How many updates make one period.
        decay_rate: By how much the denominator grows in a period.
        staircase: Whether the rate changes only after whole periods.
        name: A name.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> InverseTimeDecay(0.1, decay_steps=10, decay_rate=1.0)(10)
        0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Number) -> Number:
        periods = as_float(step) / self.decay_steps
        return self.initial_learning_rate / (1.0 + self.decay_rate * (floor(periods) if self.staircase else periods))

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@registry.register("schedules")
class PolynomialDecay(LearningRateSchedule):
    """From one rate to another along `(1 - step / decay_steps) ** power`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: When `end_learning_rate` is reached.
        end_learning_rate: The last rate.
        power: 1 is a straight line.
        cycle: Whether to begin again, with a longer `decay_steps`, each time the end is reached.
        name: A name.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)(50)
        0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Number) -> Number:
        step = as_float(step)
        if self.cycle:
            part = step / (self.decay_steps * where(step == 0, step + 1.0, ceil(step / self.decay_steps)))
        else:
            part = at_most(step, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * power(1.0 - part, self.power) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


@registry.register("schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """One rate up to and including each boundary, then the next.

    Args:
        boundaries: Steps in increasing order.
        values: The rates: one more than boundaries.
        name: A name.

    Raises:
        ValueError: The lengths do not fit.

    Example:
        >>> schedule = PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.1])
        >>> schedule(100), schedule(101), schedule(500)
        (1.0, 0.5, 0.1)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1 or not boundaries:
            raise errors.value_error(
                "`values` of PiecewiseConstantDecay",
                expected=f"one value more than the {len(boundaries)} boundaries, of which there must be one at least",
                received=values,
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Number) -> Number:
        step = as_float(step)
        rate = step * 0.0 + self.values[-1]
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = where(step <= boundary, value, rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
