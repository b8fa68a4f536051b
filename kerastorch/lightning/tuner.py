"""`Tuner`: a learning rate and a batch size found before training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from kerastorch.base import errors
from kerastorch.lightning import checks, trial
from kerastorch.lightning.callbacks import Callback
from kerastorch.lightning.callbacks.batch_size_finder import BatchSizeFinder
from kerastorch.lightning.callbacks.learning_rate_finder import LearningRateFinder
from kerastorch.lightning.callbacks.learning_rate_finder import LRFinder as LRFinder

_METHODS: dict[str, dict[str, Any]] = {
    "fit": {},
    "validate": {"verbose": False},
    "test": {"verbose": False},
    "predict": {},
}


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
    ) -> LRFinder | None:
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
            The rates and losses; `suggestion()` is a rate to train with. None with `fast_dev_run`.

        Raises:
            ValueError: An argument is wrong, or the module has no such attribute.
        """
        if method != "fit":
            raise errors.value_error("`method` of lr_find", expected='"fit"', received=method)
        finder = LearningRateFinder(min_lr, max_lr, num_training, mode, early_stop_threshold, update_attr, attr_name)
        ran = self._run(finder, "fit", model, datamodule, train_dataloaders)
        if finder.rate is not None:
            finder.setter(ran, model)(finder.rate)  # ranks have done it to their own module
        return finder.optimal_lr

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
        margin: float = 0.05,
        max_val: int = 8192,
    ) -> int | None:
        """The largest batch size that fits into memory; see `BatchSizeFinder`.

        Args:
            model: The module; it, its `hparams` or the datamodule keep the size, and their dataloaders use it.
            train_dataloaders: Refused: the loader must be made anew with each size.
            val_dataloaders: Accepted.
            dataloaders: Refused as `train_dataloaders`, for other methods than "fit".
            datamodule: See `Trainer.fit`.
            method: What is tried: "fit", "validate", "test" or "predict".
            mode: "power": double until it does not fit; "binsearch": then bisect.
            steps_per_trial: Batches of a try.
            init_val: The first size.
            max_trials: The most tries.
            batch_arg_name: The name of the size.
            margin: The part of the size found that "binsearch" leaves free.
            max_val: The largest size.

        Returns:
            The size; None with `fast_dev_run`.

        Raises:
            ValueError: An argument is wrong, or nothing has the size.
        """
        finder = BatchSizeFinder(mode, steps_per_trial, init_val, max_trials, batch_arg_name, margin, max_val)
        self._run(finder, method, model, datamodule, train_dataloaders if method == "fit" else dataloaders)
        return finder.optimal_batch_size

    def _run(self, finder: Any, method: str, model: Any, datamodule: Any, loaders: Any) -> Any:
        """Begin a run that ends when something is found; the Trainer of it."""
        if method not in _METHODS:
            raise errors.unknown_name("`method` of a Tuner", method, _METHODS)
        made = trial.sibling(self.trainer, [finder, _Ends()], max_epochs=0, num_sanity_val_steps=0)
        try:
            getattr(made, method)(model, loaders, datamodule=datamodule, **_METHODS[method])
        finally:
            for one in made.owners:
                one.trainer = self.trainer
        return made


class _Ends(Callback):
    """Leaves out the data of an evaluation."""

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        trainer.evaluation.sources = []

    on_test_start = on_predict_start = on_validation_start


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
