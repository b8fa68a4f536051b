"""`LearningRateFinder`: a learning rate found before training, or amid it."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors
from kerastorch.base.plotting import pyplot
from kerastorch.engine import range_test
from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.lightning.hparams import setter
from kerastorch.models.lr_finder_result import LRFinderResult


class LRFinder(LRFinderResult):
    """What `Tuner.lr_find` and `LearningRateFinder` find, under Lightning's names.

    Example:
        >>> LRFinder([0.1, 0.2], [2.0, 1.0]).results
        {'lr': [0.1, 0.2], 'loss': [2.0, 1.0]}
    """

    @property
    def results(self) -> dict[str, list[float]]:
        """The rates ("lr") and the smoothed losses ("loss")."""
        return {"lr": self.lr.tolist(), "loss": self.loss.tolist()}

    def plot(self, suggest: bool = False, show: bool = False, ax: Any = None) -> Any:  # type: ignore[override]
        """Draw the loss over the rate; see `LRFinderResult.plot`.

        Args:
            suggest: Whether to mark the suggestion.
            show: Whether to open a window with it.
            ax: The matplotlib axes to draw on; default new ones.
        """
        figure = super().plot(suggest, ax)
        if show:
            pyplot("`plot` of LRFinder").show()
        return figure


class LearningRateFinder(Callback):
    """Trains for a moment with a growing learning rate when a fit begins, and sees where the loss falls most steeply.

    That rate is then the module's and that of its optimizers; all else is as before. A subclass may call `lr_find`
    in `on_train_epoch_start` too.

    Args:
        min_lr: The first rate.
        max_lr: The last one.
        num_training_steps: Updates, each at another rate.
        mode: "exponential" or "linear": how the rate grows.
        early_stop_threshold: The test ends when the smoothed loss is this many times its best; None: never.
        update_attr: Whether the rate is set; else it is only found.
        attr_name: The name under which the module or its `hparams` keep the rate; default "lr" or "learning_rate".

    Attributes:
        optimal_lr: The last finding, an `LRFinder`; None before.
        rate: The rate that was set, or None.

    Raises:
        ValueError: An argument is wrong.

    Example:
        >>> class AtEpochs(LearningRateFinder):
        ...     def on_fit_start(self, trainer, pl_module):
        ...         "Not yet."
        ...     def on_train_epoch_start(self, trainer, pl_module):
        ...         if trainer.current_epoch in (0, 5):
        ...             self.lr_find(trainer, pl_module)
        >>> AtEpochs(max_lr=0.1).optimal_lr is None
        True
    """

    tunes = True
    only_in_trainer = True

    def __init__(
        self,
        min_lr: float = 1e-8,
        max_lr: float = 1.0,
        num_training_steps: int = 100,
        mode: str = "exponential",
        early_stop_threshold: float | None = 4.0,
        update_attr: bool = True,
        attr_name: str = "",
    ) -> None:
        self.mode = mode.lower()
        self.rates = range_test.rates(min_lr, max_lr, num_training_steps, self.mode)
        self.early_stop_threshold, self.update_attr, self.attr_name = early_stop_threshold, update_attr, attr_name
        self.optimal_lr: LRFinder | None = None
        self.rate: float | None = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self.lr_find(trainer, pl_module)

    def lr_find(self, trainer: Any, pl_module: Any) -> None:
        """Find a rate, and set it, see `optimal_lr`.

        Args:
            trainer: The Trainer; its fit is before its first batch or that of an epoch.
            pl_module: The module.

        Raises:
            ValueError: The module keeps no rate, or updates by itself.
        """
        if trainer.fast_dev_run:
            trainer.strategy.warn("LearningRateFinder does nothing in a Trainer with `fast_dev_run`.")
            return
        put = self.setter(trainer, pl_module)
        if trainer.fitting.step.counts:
            raise errors.value_error(
                "LearningRateFinder",
                expected="a module with automatic optimization",
                received=errors.Said(f"{type(pl_module).__name__}, which updates by itself"),
            )
        test = _RangeTest(self.rates, self.early_stop_threshold)
        trainer.try_out([test], max_epochs=-1)
        self.optimal_lr = LRFinder(self.rates[: len(test.losses)], test.losses, self.mode)
        self.rate = self.optimal_lr.suggestion() if self.update_attr else None
        if self.rate is not None:
            put(self.rate)
            _set_rate(trainer.optimizers, self.rate)

    def setter(self, trainer: Any, pl_module: Any) -> Any:
        """What sets the rate wherever it is kept; None where it is only found."""
        if not self.update_attr:
            return None
        return setter([pl_module, trainer.datamodule], [self.attr_name] if self.attr_name else ["lr", "learning_rate"])


class _RangeTest(Callback):
    """Makes each update at another rate.

    Args:
        rates: The rates.
        threshold: How many times its best the smoothed loss may be.

    Attributes:
        losses: The smoothed losses.
    """

    def __init__(self, rates: list[float], threshold: float | None) -> None:
        self.rates, self.smoothed = rates, range_test.Smoothed(threshold)
        self.losses: list[float] = []
        self.before = -1

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self.before == len(self.losses):  # an epoch without an update: there are no data, or no more
            trainer.fitting.state.request_stop("no update")
        self.before = len(self.losses)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        _set_rate(trainer.optimizers, self.rates[len(self.losses)])

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        fit, strategy = trainer.fitting, trainer.plan.strategy
        if not fit.step.due or fit.step.loss is None:
            return
        loss = (fit.step.loss * fit.step.every).clone()
        strategy.sum_([loss])
        self.losses.append(self.smoothed.add(float(loss) / strategy.world_size))
        if self.smoothed.diverged or len(self.losses) == len(self.rates):
            fit.state.request_stop("lr_find")


def _set_rate(optimizers: list[Any], rate: float) -> None:
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
