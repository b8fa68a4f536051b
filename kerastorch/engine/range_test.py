"""The range test of learning rates: train a little while the rate grows, and watch the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from kerastorch.base import errors
from kerastorch.data.batch import Batch
from kerastorch.data.source import DataSource
from kerastorch.engine.step import Step

SMOOTHING = 0.98  # of the running mean of the losses; Lightning's
MODES = ("exponential", "linear")


def rates(low: float, high: float, number: int, mode: str) -> list[float]:
    """The learning rates of a test, from `low` to `high`.

    Args:
        low, high: The first and the last rate.
        number: How many, >= 2.
        mode: "exponential": each is the same multiple of the one before; "linear": the same distance from it.

    Raises:
        ValueError: An argument is wrong.

    Example:
        >>> rates(0.001, 0.1, 3, "exponential")
        [0.001, 0.01, 0.1]
    """
    if mode not in MODES:
        raise errors.unknown_name("`mode` of lr_find", mode, MODES)
    if not 0 < low < high < math.inf:
        raise errors.value_error(
            "`min_lr` and `max_lr` of lr_find", expected="0 < min_lr < max_lr", received=(low, high)
        )
    if isinstance(number, bool) or not isinstance(number, int) or number < 2:
        raise errors.value_error("`num_training` of lr_find", expected="an integer >= 2", received=number)
    parts = [i / (number - 1) for i in range(number)]
    if mode == "linear":
        return [low + (high - low) * part for part in parts]
    return [low, *(low * (high / low) ** part for part in parts[1:-1]), high]


class Smoothed:
    """A running mean of losses that starts without bias, and when it has left the best one far behind.

    Args:
        threshold: How many times the best mean is too much; None never is.

    Example:
        >>> smoothed = Smoothed(4.0)
        >>> smoothed.add(2.0), smoothed.diverged
        (2.0, False)
    """

    def __init__(self, threshold: float | None) -> None:
        self.threshold = threshold
        self.mean, self.best, self.count = 0.0, math.inf, 0
        self.diverged = False

    def add(self, loss: float) -> float:
        """Take in a loss; the mean so far."""
        self.count += 1
        self.mean = SMOOTHING * self.mean + (1 - SMOOTHING) * loss
        mean = self.mean / (1 - SMOOTHING**self.count)
        beyond = self.threshold is not None and self.count > 1 and mean > self.threshold * abs(self.best)
        self.diverged = beyond or not math.isfinite(mean)
        self.best = min(self.best, mean)
        return mean


def range_test(
    step: Step,
    source: DataSource,
    rates: Sequence[float],
    set_rate: Callable[[float], None],
    threshold: float | None = 4.0,
) -> list[float]:
    """Make one update at each rate.

    Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3. That the losses are
    smoothed, and when the test ends early, is Lightning's way (`Tuner.lr_find`).

    Args:
        step: A training step; what it trains is changed.
        source: The data, passed over as often as it takes.
        rates: The learning rates.
        set_rate: Sets a learning rate.
        threshold: The test ends when the smoothed loss exceeds this multiple of its best; None: at the last rate.

    Returns:
        The smoothed losses: as many as updates were made, which is fewer than `rates` when the test or the data end.
        The loss of an update is that of its batches before it.

    Raises:
        ValueError: The step does not tell a "loss".
    """
    losses, smoothed = [], Smoothed(threshold)
    with step.session():
        batches = _endless(source)
        for rate in rates:
            set_rate(rate)
            step.program.reset()
            if not _update(step, batches):
                break
            losses.append(smoothed.add(_loss(step)))
            if smoothed.diverged:
                break
    return losses


def _endless(source: DataSource) -> Iterator[Batch]:
    epoch, found = 0, True
    while found:
        found = False
        for batch in source.batches(epoch):
            found = True
            yield batch
        epoch += 1


def _update(step: Step, batches: Iterator[Batch]) -> bool:
    """Process batches until the parameters have changed; False when there are none left."""
    before = step.state.step
    for batch in batches:
        step(batch)
        if step.state.step > before:
            return True
    return False


def _loss(step: Step) -> float:
    figures = step.finish()  # of all ranks
    if "loss" not in figures:
        raise errors.value_error(
            "lr_find",
            expected='a figure "loss" after each batch',
            received=list(figures),
            remedy='Let `train_step` return {"loss": loss}.',
        )
    return float(figures["loss"])
