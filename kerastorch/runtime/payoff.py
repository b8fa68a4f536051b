"""Whether several devices pay for a model: measured on the first steps of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist

FIRST, LAST = 5, 25  # the steps between which time is taken; the first ones warm up
WORTH = 1.1  # times as fast as one device: below it a note is written


class PayOff:
    """A batch hook that writes one line when the ranks train hardly faster together than one of them would alone.

    A step of n ranks takes the time of a rank's rows and that of exchanging gradients. One device would need n times
    the first and nothing of the second.

    Args:
        ranks: How many there are.
        exchange: Seconds of one exchange, see `exchange_seconds`.
        tell: Gets the line.
        clock: Gives seconds.

    Example:
        >>> now = iter([0.0, 0.04])  # 20 steps of 2 ms
        >>> watch = PayOff(2, 0.0012, print, clock=lambda: next(now))
        >>> for step in range(30): watch(step, None)
        Note: 2 devices train this model about 0.8 times as fast as one: 60 % of a step goes into exchanging gradients.
        Larger batches help, or devices=1.
    """

    def __init__(
        self, ranks: int, exchange: float, tell: Callable[[str], Any], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.ranks, self.exchange, self.tell, self.clock = ranks, exchange, tell, clock
        self.steps = 0

    def __call__(self, index: int, logs: Any) -> None:
        """Count a batch."""
        self.steps += 1
        if self.steps == FIRST:
            self.start = self.clock()
        elif self.steps == LAST:
            self._judge((self.clock() - self.start) / (LAST - FIRST))

    def _judge(self, step: float) -> None:
        exchange = min(self.exchange, step)
        gain = self.ranks * (step - exchange) / step
        if gain < WORTH:
            self.tell(
                f"Note: {self.ranks} devices train this model about {gain:.1f} times as fast as one: "
                f"{exchange / step:.0%} of a step goes into exchanging gradients.\n"
                "Larger batches help, or devices=1.".replace("%", " %")
            )


def exchange_seconds(numbers: int, device: torch.device) -> float:
    """How long the ranks take to sum so many float32 numbers; called on all ranks."""
    sent = torch.zeros(numbers, device=device)
    times = []
    for _ in range(3):
        _wait(device)
        start = time.perf_counter()
        dist.all_reduce(sent)
        _wait(device)
        times.append(time.perf_counter() - start)
    return min(times)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
