"""What `lr_find` found."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from kerastorch import config
from kerastorch.base import errors
from kerastorch.base.plotting import pyplot


class LRFinderResult:
    """The smoothed loss at each learning rate of a range test.

    Args:
        lr: The rates, in growing order.
        loss: The smoothed losses, one a rate.
        mode: "exponential" or "linear": how the rates grow.

    Attributes:
        lr, loss: Arrays of shape (updates,), float64.

    Example:
        >>> rates = np.geomspace(1e-6, 1.0, 60)
        >>> result = LRFinderResult(rates, 1 / (1 + (rates / 1e-3) ** 2))
        >>> 1e-4 < result.suggestion() < 1e-2
        True
    """

    def __init__(self, lr: Any, loss: Any, mode: str = "exponential") -> None:
        self.lr, self.loss = np.asarray(lr, dtype="float64"), np.asarray(loss, dtype="float64")
        self.mode = mode

    def suggestion(self, skip_begin: int = 10, skip_end: int = 1) -> float | None:
        """The rate at which the loss falls most steeply, along the axis of `plot`.

        Args:
            skip_begin: Rates left out at the begin, where the smoothed loss still follows single batches.
            skip_end: Rates left out at the end, where training breaks down. The defaults are Lightning's.

        Returns:
            The rate; None, with a warning that says why, if the losses do not tell.
        """
        index, reason = self._steepest(skip_begin, skip_end)
        if index is None:
            warnings.warn(f"lr_find has no suggestion: {reason}", stacklevel=2)
            return None
        return float(self.lr[index])

    def _steepest(self, skip_begin: int, skip_end: int) -> tuple[int | None, str]:
        for name, skipped in (("skip_begin", skip_begin), ("skip_end", skip_end)):
            if isinstance(skipped, bool) or not isinstance(skipped, int) or skipped < 0:
                raise errors.value_error(f"`{name}` of suggestion", expected="an integer >= 0", received=skipped)
        finite = np.isfinite(self.loss)
        number = len(finite) if finite.all() else int(finite.argmin())  # what comes after the first NaN tells nothing
        stop = min(number, len(self.loss) - skip_end)
        if stop - skip_begin < 3:
            return None, (
                f"{number} finite losses less {skip_begin} at the begin and {skip_end} at the end leave fewer than 3. "
                "Raise `num_training`, lower `max_lr`, or pass a smaller `skip_begin`."
            )
        slopes = _slopes(self.loss[skip_begin:stop])
        steepest = int(slopes.argmin())
        if slopes[steepest] >= 0:
            return None, "the loss falls at no rate. Lower `min_lr`, or look at the data and the model."
        return skip_begin + steepest, ""

    def plot(self, suggest: bool = True, axes: Any = None, skip_begin: int = 10, skip_end: int = 1) -> Any:
        """Draw the loss over the rate, on a logarithmic axis where the rates grow exponentially.

        Args:
            suggest: Whether to mark the suggestion.
            axes: The matplotlib axes to draw on; default new ones.
            skip_begin: See `suggestion`.
            skip_end: See `suggestion`.

        Returns:
            The matplotlib figure. A notebook shows it when it is the cell's last value.

        Raises:
            ImportError: matplotlib is not installed.
        """
        plt = pyplot("`plot` of LRFinderResult")
        own = axes is None
        if own:
            _, axes = plt.subplots(layout="constrained")
        axes.plot(self.lr, self.loss)
        if self.mode == "exponential":
            axes.set_xscale("log")
        axes.set(xlabel="learning rate", ylabel="loss (smoothed)")
        index = self._steepest(skip_begin, skip_end)[0] if suggest else None
        if index is not None:
            axes.plot(self.lr[index], self.loss[index], "o", color="red", label=f"suggestion: {self.lr[index]:.2e}")
            axes.legend()
        if own and config.in_notebook():  # else it would be shown twice: as an open figure and as the cell's value
            plt.close(axes.figure)
        return axes.figure

    def __repr__(self) -> str:
        return f"<LRFinderResult of {len(self.lr)} learning rates>"


def _slopes(values: np.ndarray) -> np.ndarray:
    """The slope at each value of the line that fits it and its neighbours best.

    A tenth of all values are neighbours: the difference of two would follow the noise of single batches.
    """
    reach = max(1, len(values) // 20)
    spans = [slice(max(0, i - reach), i + reach + 1) for i in range(len(values))]
    places = np.arange(len(values), dtype="float64")
    return np.array([np.polyfit(places[span], values[span], 1)[0] for span in spans])
