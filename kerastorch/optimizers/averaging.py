"""The exponential moving average of the parameters (`use_ema=True`)."""

from __future__ import annotations

import torch
from torch import Tensor

from kerastorch.base.sharded import copy_each


class MovingAverage:
    """Averages of parameters, updated after every step as Keras does.

    The first update copies the parameters; every later one is `average = momentum * average + (1 - momentum) * value`.

    Args:
        params: The parameters.
        averages: Their averages, updated in place.
        momentum: How much of the old average stays.
        overwrite_every: After how many updates the parameters take their averages' values; None for never.
        micro_steps: How many micro-batches make one update; Keras averages after each of them.
    """

    def __init__(
        self,
        params: list[Tensor],
        averages: list[Tensor],
        momentum: float,
        overwrite_every: int | None,
        micro_steps: int = 1,
    ) -> None:
        self.params, self.averages = params, averages
        self.momentum, self.overwrite_every, self.micro_steps = momentum, overwrite_every, micro_steps

    def before_update(self, iterations: int) -> None:
        """The averaging that Keras does after those micro-batches that end in no update."""
        if iterations and self.micro_steps > 1:
            torch._foreach_lerp_(self.averages, self.params, 1.0 - self.momentum ** (self.micro_steps - 1))

    def after_update(self, iterations: int) -> None:
        """Average, and overwrite the parameters when it is time.

        Args:
            iterations: The number of updates before this one.
        """
        if iterations:
            torch._foreach_lerp_(self.averages, self.params, 1.0 - self.momentum)
        else:
            copy_each(self.averages, self.params)
        if self.overwrite_every and (iterations + 1) % self.overwrite_every == 0:
            copy_each(self.params, self.averages)
