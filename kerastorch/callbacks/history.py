"""What `fit` returns: `keras.callbacks.History`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerastorch import config
from kerastorch.base import errors, registry
from kerastorch.base.plotting import pyplot
from kerastorch.callbacks.callback import Callback, Logs


@registry.register("callbacks")
class History(Callback):
    """Keeps the logs of every epoch; `fit` adds one and returns it.

    Attributes:
        history: Name to list of values, one an epoch.
        epoch: The epochs' indices, from 0.
        params: The run's parameters.

    Example:
        >>> history = History()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.history
        {'loss': [0.5]}
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def set_model(self, model: Any) -> None:
        """Take the model, and be its `model.history`."""
        super().set_model(model)
        self.model.history = self

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def plot(self, names: str | Sequence[str] | None = None, figsize: tuple[float, float] | None = None) -> Any:
        """Draw the curves, training and validation of one quantity on the same axes.

        Args:
            names: What to draw, without "val_"; default everything, the loss first.
            figsize: Width and height in inches; default 5 x 4 for each quantity.

        Returns:
            The matplotlib figure. A notebook shows it when it is the cell's last value.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: A name is unknown, or nothing was recorded.
        """
        plt = pyplot("`plot` of History")
        shown = self._names(names)
        size = figsize or (5.0 * len(shown), 4.0)
        figure, row = plt.subplots(1, len(shown), figsize=size, squeeze=False, layout="constrained")
        for axes, name in zip(row[0], shown, strict=True):
            for key, label in ((name, "training"), (f"val_{name}", "validation")):
                if key in self.history:
                    axes.plot(*self._curve(key), marker=".", label=label)
            axes.set(xlabel="epoch", ylabel=name, title=name)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()
        if config.in_notebook():  # else it would be shown twice: as an open figure and as the cell's value
            plt.close(figure)
        return figure

    def _names(self, names: str | Sequence[str] | None) -> list[str]:
        recorded = list(dict.fromkeys(key.removeprefix("val_") for key in self.history))
        if not recorded:
            raise errors.value_error("`plot` of History", expected="at least one recorded epoch", received=self.history)
        if names is None:
            return sorted(recorded, key=lambda name: name != "loss")
        wanted = [names] if isinstance(names, str) else list(names)
        for name in wanted:
            if name not in recorded:
                raise errors.unknown_name("quantity in this history", name, recorded)
        return wanted

    def _curve(self, key: str) -> tuple[list[int], list[Any]]:
        """Epochs (from 1) and values; values that came in only some epochs are spread over the run."""
        values = self.history[key]
        epochs = [epoch + 1 for epoch in self.epoch]
        if len(epochs) == len(values):
            return epochs, values
        every = max(1, len(epochs) // len(values)) if epochs else 1
        at = epochs[every - 1 :: every] if epochs else []
        return (at, values) if len(at) == len(values) else (list(range(1, len(values) + 1)), values)
