"""`StochasticWeightAveraging`: the last epochs run at a constant rate, and the mean of their weights is kept."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import SWALR

from kerastorch.base import errors
from kerastorch.lightning.callbacks.callback import Callback
from kerastorch.lightning.optimizers import LRSchedulerConfig
from kerastorch.lightning.step import LightningStep

_UNLIMITED = 1 << 62


class StochasticWeightAveraging(Callback):
    """Averages the weights of the last epochs, after Izmailov et al., "Averaging Weights Leads to Wider Optima".

    At the beginning of each of these epochs the mean takes in the weights, and `torch.optim.swa_utils.SWALR` takes
    the place of the module's scheduler. After the last one the module gets the mean. Where it has BatchNorm, one more
    epoch follows, without updates, in which the statistics are counted anew.

    Args:
        swa_lrs: The learning rate, or one for each group of the optimizer.
        swa_epoch_start: The epoch, from 1, or the fraction of `max_epochs`.
        annealing_epochs: Epochs in which the rate moves to `swa_lrs`.
        annealing_strategy: How it moves: "cos" or "linear".
        avg_fn: (mean so far, weights, how many are in it) -> mean; default the equal mean.
        device: Where the mean is kept; None for the module's.

    Raises:
        ValueError, TypeError: An argument is wrong.

    Example:
        >>> StochasticWeightAveraging(swa_lrs=1e-2, swa_epoch_start=5).swa_start
        4
    """

    logs = False
    only_in_trainer = True

    def __init__(
        self,
        swa_lrs: float | list[float],
        swa_epoch_start: int | float = 0.8,
        annealing_epochs: int = 10,
        annealing_strategy: str = "cos",
        avg_fn: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None,
        device: Any = "cpu",
    ) -> None:
        _check(swa_lrs, swa_epoch_start, annealing_epochs, annealing_strategy, avg_fn)
        self.swa_lrs, self.swa_epoch_start = swa_lrs, swa_epoch_start
        self.annealing_epochs, self.annealing_strategy = annealing_epochs, annealing_strategy
        self.avg_fn, self.device = avg_fn or equal_mean, device
        self.n_averaged = torch.tensor(0)
        self.average: Any = None
        self._scheduler: Any = None
        self._scheduler_state: dict[str, Any] | None = None
        self._updated = -1  # the last epoch whose weights are in the mean
        self._end = 0  # the last epoch
        self._epochs: int | None = None  # `max_epochs` without the epoch of statistics
        self._extended = False
        self._step: Any = None  # the fit's, while that epoch runs
        self._momenta: dict[_BatchNorm, float | None] = {}

    @property
    def swa_start(self) -> int:
        """The first epoch, from 0, whose weights are averaged."""
        return max(int(self.swa_epoch_start) - 1, 0)

    # -- hooks ------------------------------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit":
            self.average = copy.deepcopy(pl_module)

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        epochs = trainer.max_epochs
        _check_run(trainer, isinstance(self.swa_epoch_start, float) and epochs >= _UNLIMITED)
        if isinstance(self.swa_epoch_start, float):
            self.swa_epoch_start = int(epochs * self.swa_epoch_start)
        self._end = epochs - 1
        if epochs < _UNLIMITED and any(isinstance(one, _BatchNorm) for one in pl_module.modules()):
            self._epochs, self._extended = trainer.options.max_epochs, True
            trainer.options = replace(trainer.options, max_epochs=epochs + 1)
        if self._scheduler_state is not None:  # the checkpoint's scheduler is this one
            self._begin(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        epoch = trainer.current_epoch
        if self.swa_start <= epoch <= self._end:
            if self._scheduler is None:
                self._begin(trainer, pl_module)
            if epoch > self._updated:
                self._average(pl_module)
                self._updated = epoch
        elif epoch == self._end + 1:
            self._transfer(pl_module)
            self._reset_statistics(pl_module)
            fit = trainer.fitting
            self._step, fit.step = fit.step, _Forward(fit.step, fit.source.num_batches)
            fit.phase.step = fit.step

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if self._step is None and (trainer.current_epoch == self._end + 1 or self._end + 1 >= _UNLIMITED):
            self._transfer(pl_module)
        self._restore(trainer)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._restore(trainer)

    # -- parts ------------------------------------------------------------------------------------------------------

    def _begin(self, trainer: Any, pl_module: Any) -> None:
        """Let the rates go to `swa_lrs`."""
        self.average = self.average.to(self.device or pl_module.device)
        self.n_averaged = self.n_averaged.to(pl_module.device)
        optimizer, configs = trainer.optimizers[0], trainer.lr_scheduler_configs
        groups, rates = optimizer.param_groups, self.swa_lrs
        rates = [rates] * len(groups) if isinstance(rates, float) else rates
        for rate, group in zip(rates, groups, strict=True):
            group["initial_lr"] = rate
        self._scheduler = SWALR(
            optimizer, rates, self.annealing_epochs, self.annealing_strategy,  # type: ignore[arg-type]
            last_epoch=trainer.max_epochs if self.annealing_strategy == "cos" else -1,
        )  # fmt: skip
        if self._scheduler_state is not None:
            self._scheduler.load_state_dict(self._scheduler_state)
        configs[:] = [LRSchedulerConfig(self._scheduler)]

    @torch.no_grad()
    def _average(self, pl_module: Any) -> None:
        first = self._updated == -1  # then the mean is the weights
        for mean, own in zip(self.average.parameters(), pl_module.parameters(), strict=True):
            own = own.to(mean.device)
            mean.copy_(own if first else self.avg_fn(mean, own, self.n_averaged.to(mean.device)))
        self.n_averaged += 1

    @torch.no_grad()
    def _transfer(self, pl_module: Any) -> None:
        if self._updated == -1:  # training ended before
            return
        for mean, own in zip(self.average.parameters(), pl_module.parameters(), strict=True):
            own.copy_(mean)

    def _reset_statistics(self, pl_module: Any) -> None:
        """Let BatchNorm count its statistics anew, over all batches equally."""
        for one in pl_module.modules():
            if isinstance(one, _BatchNorm):
                self._momenta[one] = one.momentum
                one.momentum = None
                one.reset_running_stats()

    def _restore(self, trainer: Any) -> None:
        for one, momentum in self._momenta.items():
            one.momentum = momentum
        if self._step is not None:
            trainer.fitting.step = trainer.fitting.phase.step = self._step
        if self._extended:
            trainer.options = replace(trainer.options, max_epochs=self._epochs)
        self._momenta, self._step, self._extended = {}, None, False

    # -- checkpoints ------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        return {
            "n_averaged": int(self.n_averaged),
            "latest_update_epoch": self._updated,
            "scheduler_state": None if self._scheduler is None else self._scheduler.state_dict(),
            "average_model_state": None if self.average is None else self.average.state_dict(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.n_averaged, self._updated = torch.tensor(state_dict["n_averaged"]), state_dict["latest_update_epoch"]
        self._scheduler_state = state_dict["scheduler_state"]
        if self.average is not None:
            self.average.load_state_dict(state_dict["average_model_state"])


class _Forward(LightningStep):
    """The module's step without backward and update. It counts as one update, so that checkpoints are due after it.

    Args:
        step: The step in whose place it runs.
        batches: How many there are.
    """

    def __init__(self, step: Any, batches: int | None) -> None:
        super().__init__(step.program, step.plan, step.state, step.hooks)
        self.before_backward = self.after_backward = ()
        self.own_backward = lambda loss: None
        self.every = (batches or 0) + 1

    def __call__(self, batch: Any) -> None:
        self.due = batch.last
        if self.begins(batch):
            self.strategy.sync_gradients(False)
            self.gradients(batch)
            self.state.step += self.due

    def zero(self, batch: Any) -> None:
        """There are no new gradients."""


def equal_mean(mean: Tensor, weights: Tensor, count: Tensor) -> Tensor:
    """A mean of `count` weights, when it takes in more.

    Example:
        >>> equal_mean(torch.tensor(1.0), torch.tensor(4.0), torch.tensor(2))
        tensor(2.)
    """
    return mean + (weights - mean) / (count + 1)


def _check(rates: Any, start: Any, epochs: Any, strategy: Any, avg_fn: Any) -> None:
    where = "of StochasticWeightAveraging"
    several = rates if isinstance(rates, list) else [rates]
    if not several or not all(isinstance(rate, float) and rate > 0 for rate in several):
        raise errors.value_error(f"`swa_lrs` {where}", expected="a float > 0, or a list of them", received=rates)
    if not (start >= 1 if isinstance(start, int) else 0 <= start <= 1):
        raise errors.value_error(
            f"`swa_epoch_start` {where}", expected="an epoch >= 1, or a fraction in [0.0, 1.0]", received=start
        )
    if not isinstance(epochs, int) or epochs < 0:
        raise errors.value_error(f"`annealing_epochs` {where}", expected="an integer >= 0", received=epochs)
    if strategy not in ("cos", "linear"):
        raise errors.unknown_name(f"`annealing_strategy` {where}", strategy, ["cos", "linear"])
    if avg_fn is not None and not callable(avg_fn):
        raise errors.type_error(f"`avg_fn` {where}", expected="a function", received=avg_fn)


def _check_run(trainer: Any, endless: bool) -> None:
    schedulers = len(trainer.lr_scheduler_configs)
    if len(trainer.optimizers) != 1 or schedulers > 1:
        raise errors.value_error(
            "StochasticWeightAveraging",
            expected="one optimizer, and one scheduler at the most",
            received=errors.Said(f"{len(trainer.optimizers)} and {schedulers}"),
        )
    if not trainer.lightning_module.automatic_optimization:
        raise errors.value_error(
            "StochasticWeightAveraging", expected="automatic optimization", received=errors.Said("a module without it")
        )
    if endless:
        raise errors.value_error(
            "`swa_epoch_start` of StochasticWeightAveraging, without `max_epochs`",
            expected="an integer",
            received=errors.Said("a fraction"),
        )
