"""`Tuner`: a learning rate and a batch size found before training."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import Any

import torch

from kerastorch.base import chance, errors
from kerastorch.base.plotting import pyplot
from kerastorch.engine import micro_batch, range_test
from kerastorch.engine.snapshot import Snapshot
from kerastorch.lightning import checks, legacy
from kerastorch.models.lr_finder_result import LRFinderResult
from kerastorch.runtime import memory


class LRFinder(LRFinderResult):
    """What `Tuner.lr_find` found, under Lightning's names.

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


class Tuner:
    """Finds settings by trying them; the module is afterwards what it was, but for the setting.

    Args:
        trainer: The Trainer.

    Example:
        >>> from kerastorch.lightning import Trainer
        >>> Tuner(Trainer(max_epochs=1, logger=False)).trainer.max_epochs
        1
    """

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer

    def lr_find(
        self,
        model: Any,
        train_dataloaders: Any = None,
        val_dataloaders: Any = None,
        dataloaders: Any = None,
        datamodule: Any = None,
        method: str = "fit",
        min_lr: float = 1e-8,
        max_lr: float = 1.0,
        num_training: int = 100,
        mode: str = "exponential",
        early_stop_threshold: float | None = 4.0,
        update_attr: bool = True,
        attr_name: str = "",
    ) -> LRFinder:
        """Train for a moment with a growing learning rate, and see where the loss falls most steeply.

        Args:
            model: The module; it has the rate as `lr` or `learning_rate`, itself or in `hparams`.
            train_dataloaders: See `Trainer.fit`.
            val_dataloaders: Accepted.
            dataloaders: Accepted.
            datamodule: See `Trainer.fit`.
            method: "fit".
            min_lr: The first rate.
            max_lr: The last one.
            num_training: Updates, each at another rate.
            mode: "exponential" or "linear": how the rate grows.
            early_stop_threshold: The test ends when the smoothed loss is this many times its best; None: never.
            update_attr: Whether the module's rate becomes the suggestion.
            attr_name: The name of the rate.

        Returns:
            The rates and losses; `suggestion()` is a rate to train with.

        Raises:
            ValueError: An argument is wrong, or the module has no such attribute.
        """
        rates = range_test.rates(min_lr, max_lr, num_training, mode)
        strategy = self.trainer.plan.strategy
        holder, name = _place([model], [attr_name] if attr_name else ["lr", "learning_rate"])

        def test(fit: Any) -> list[float]:
            def set_rate(rate: float) -> None:
                for optimizer in self.trainer.optimizers:
                    for group in optimizer.param_groups:
                        group["lr"] = rate

            def figures() -> dict[str, torch.Tensor]:
                loss = (fit.step.loss * fit.step.every).clone()
                strategy.sum_([loss])
                return {"loss": loss / strategy.world_size}

            fit.step.finish = figures
            return range_test.range_test(fit.step, fit.source, rates, set_rate, early_stop_threshold)

        losses = self._trial(model, train_dataloaders, datamodule, test)
        result = LRFinder(rates[: len(losses)], losses, mode)
        suggestion = result.suggestion() if update_attr else None
        if suggestion is not None:
            _put(holder, name, suggestion)
        return result

    def scale_batch_size(
        self,
        model: Any,
        train_dataloaders: Any = None,
        val_dataloaders: Any = None,
        dataloaders: Any = None,
        datamodule: Any = None,
        method: str = "fit",
        mode: str = "power",
        steps_per_trial: int = 3,
        init_val: int = 2,
        max_trials: int = 25,
        batch_arg_name: str = "batch_size",
        max_val: int = 8192,
    ) -> int:
        """The largest batch size that fits into memory, of those that double from `init_val`.

        Args:
            model: The module; it, its `hparams` or the datamodule has the size, and `train_dataloader` uses it.
            train_dataloaders: Refused: the loader must be made anew with each size.
            val_dataloaders: Accepted.
            dataloaders: Accepted.
            datamodule: See `Trainer.fit`.
            method: "fit".
            mode: "power": double until it does not fit; "binsearch": then bisect.
            steps_per_trial: Updates of a try.
            init_val: The first size.
            max_trials: The most tries.
            batch_arg_name: The name of the size.
            max_val: The largest size.

        Raises:
            ValueError: An argument is wrong, or nothing has the size.
        """
        micro_batch.check(mode, max_trials)
        given, datamodule = checks.data({"train": train_dataloaders}, datamodule)
        if given["train"] is not None:
            raise errors.value_error(
                "`train_dataloaders` of scale_batch_size",
                expected="None: a method `train_dataloader`, or a datamodule, that makes them of the size",
                received=train_dataloaders,
            )
        held = [one for one in (datamodule, model) if one is not None]
        holder, name = _place(held, [batch_arg_name])
        low, high, size = 0, 0, min(init_val, max_val)
        for _ in range(max_trials):
            _put(holder, name, size)
            fits, whole = self._fits(model, datamodule, steps_per_trial, size)
            low, high = (size, high) if fits else (low, size)
            if not fits:
                memory.give_back(self.trainer.plan.device)
            if ((whole or size == max_val) and fits) or (high and (mode == "power" or high - low <= 1)):
                break
            size = (low + high) // 2 if high else min(size * 2, max_val)
        _put(holder, name, max(low, 1))
        return max(low, 1)

    def _fits(self, model: Any, datamodule: Any, steps: int, size: int) -> tuple[bool, bool]:
        """Whether a size fits, and whether it takes all data at once."""
        whole = False

        def test(fit: Any) -> None:
            nonlocal whole
            whole = fit.source.num_batches is not None and fit.source.num_batches <= 1
            with fit.step.session():
                for number, batch in enumerate(fit.source.batches(0)):
                    if number == steps:
                        break
                    fit.step(batch)

        full = None
        try:
            self._trial(model, None, datamodule, test)
        except RuntimeError as error:
            if not memory.is_out_of_memory(error):
                raise
            full = "out of memory"
        return self.trainer.plan.strategy.any(full) is None, whole

    def _trial(self, model: Any, loaders: Any, datamodule: Any, test: Any) -> Any:
        """Prepare a fit, do something else with it, and put all back."""
        trainer = self.trainer
        checks.check_module(model, "fit")
        if not model.automatic_optimization or legacy.is_old(model, trainer.options):
            raise errors.value_error(
                "Tuner", expected="a module with automatic optimization", received=type(model).__name__
            )
        weights, drawn = copy.deepcopy(model.state_dict()), chance.state(trainer.plan.device)
        kept = (trainer.own_callbacks, trainer.loggers, trainer.fitting)
        optimizers = Snapshot()
        trainer.own_callbacks, trainer.loggers, trainer.fitting = [], [], None
        try:
            with trainer._running("fit", model, {"train": loaders}, datamodule, None):
                fit = trainer._prepare_fit(None)
                optimizers = Snapshot(*trainer.optimizers)  # a Keras model's is the same one in every fit
                trainer.record.active = trainer.record.training
                return test(fit)
        finally:
            trainer.own_callbacks, trainer.loggers, trainer.fitting = kept
            optimizers.restore()
            model.load_state_dict(weights)
            chance.restore(drawn)
            for parameter in model.parameters():
                parameter.grad = None
            trainer.should_stop = False


def tune(
    trainer: Any, model: Any, loaders: Any, datamodule: Any, sizes: Mapping[str, Any], rates: Mapping[str, Any]
) -> dict[str, Any]:
    """Do what the older flags of a Trainer ask for: the size of batches first, then the learning rate.

    Args:
        trainer: The Trainer.
        model: The module.
        loaders: What it trains on, or None.
        datamodule: The datamodule, or None.
        sizes: More for `Tuner.scale_batch_size`.
        rates: More for `Tuner.lr_find`.

    Returns:
        What the methods returned, by their names.
    """
    options, found = trainer.options, {}  # type: Any, dict[str, Any]
    if not (options.auto_lr_find or options.auto_scale_batch_size):
        warnings.warn(
            "`trainer.tune(module)`: write `Tuner(trainer).lr_find(module)` or `.scale_batch_size(module)` today.",
            DeprecationWarning,
            stacklevel=3,
        )
        return found
    checks.check_module(model, "fit")
    trainer.tuned, tuner = True, Tuner(trainer)
    data = {"train_dataloaders": loaders, "datamodule": datamodule}
    if trainer.fast_dev_run:
        return found
    if mode := options.auto_scale_batch_size:
        how = {"mode": "power" if mode is True else mode, **sizes}
        found["scale_batch_size"] = tuner.scale_batch_size(model, **data, **how)
    if name := options.auto_lr_find:
        found["lr_find"] = tuner.lr_find(model, **data, **{"attr_name": "" if name is True else name, **rates})
    return found


def _has(thing: Any, name: str) -> bool:
    return name in thing.hparams or hasattr(thing, name)


def _place(things: list[Any], names: list[str]) -> tuple[Any, str]:
    """What keeps a setting, and under which name."""
    for thing in things:
        for name in names:
            if _has(thing, name):
                return thing, name
    raise errors.value_error(
        type(things[-1]).__name__,
        expected=f"an attribute or hyperparameter {' or '.join(map(repr, names))}",
        received=None,
    )


def _put(thing: Any, name: str, value: Any) -> None:
    if name in thing.hparams:
        thing.hparams[name] = value
    if hasattr(thing, name):
        setattr(thing, name, value)
