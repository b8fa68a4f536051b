"""Cosine decay of the learning rate (Loshchilov and Hutter 2016), with warm-up or with restarts."""

from __future__ import annotations

import math
from typing import Any

from kerastorch.base import registry
from kerastorch.optimizers.schedules.learning_rate_schedule import (
    LearningRateSchedule,
    Number,
    as_float,
    at_most,
    check_steps,
    cos,
    floor,
    log,
    power,
    where,
)


@registry.register("schedules")
class CosineDecay(LearningRateSchedule):
    """Half a cosine wave down to `alpha` times the first rate, after an optional linear warm-up.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: The length of the decay, in updates, after the warm-up.
        alpha: The last rate, as a fraction of the rate the decay starts from.
        name: A name.
        warmup_target: The rate the warm-up ends with; None for no warm-up.
        warmup_steps: The length of the warm-up.

    Raises:
        ValueError: `decay_steps` is not positive.

    Example:
        >>> schedule = CosineDecay(0.0, decay_steps=100, warmup_target=0.1, warmup_steps=10)
        >>> schedule(5), schedule(10), round(schedule(60), 6)
        (0.05, 0.1, 0.05)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Number) -> Number:
        step = as_float(step)
        if self.warmup_target is None:
            return self._decay(step, self.initial_learning_rate)
        decayed = self._decay(step - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return decayed
        rise = (self.warmup_target - self.initial_learning_rate) * (step / self.warmup_steps)
        return where(step < self.warmup_steps, rise + self.initial_learning_rate, decayed)

    def _decay(self, step: Number, start: float) -> Number:
        wave = 0.5 * (1.0 + cos(math.pi * at_most(step, self.decay_steps) / self.decay_steps))
        return start * ((1.0 - self.alpha) * wave + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


@registry.register("schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay that starts again and again, each period `t_mul` times as long and `m_mul` times as high.

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: The length of the first period.
        t_mul: How much longer the next period is.
        m_mul: How much higher it starts.
        alpha: The lowest rate, as a fraction of the first.
        name: A name.

    Raises:
        ValueError: `first_decay_steps` is not positive.

    Example:
        >>> schedule = CosineDecayRestarts(0.1, first_decay_steps=10)
        >>> round(schedule(5), 6), schedule(10), round(schedule(20), 6)
        (0.05, 0.1, 0.05)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_steps("first_decay_steps", first_decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Number) -> Number:
        period, part = self._period(as_float(step) / self.first_decay_steps)
        wave = 0.5 * power(self.m_mul, period) * (1.0 + cos(math.pi * part))
        return self.initial_learning_rate * ((1.0 - self.alpha) * wave + self.alpha)

    def _period(self, done: Number) -> tuple[Number, Number]:
        """The number of the period, and how much of it is over, after `done` first periods."""
        if self.t_mul == 1.0:
            period = floor(done)
            return period, done - period
        period = floor(log(1.0 - done * (1.0 - self.t_mul)) / math.log(self.t_mul))
        length = power(self.t_mul, period)
        return period, (done - (1.0 - length) / (1.0 - self.t_mul)) / length

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
