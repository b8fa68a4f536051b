"""What a Trainer does for the parts of its run: data, logs, checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kerastorch.data.source import DataSource
from kerastorch.engine.logs import fetch
from kerastorch.lightning import checkpoint
from kerastorch.lightning.data import Loader, Transfer, as_list, each, shared, together, unshuffled
from kerastorch.lightning.hooks import DataHooks, overridden
from kerastorch.lightning.knowing import Knowing
from kerastorch.lightning.module import LightningModule
from kerastorch.lightning.optimizers import parameters_of
from kerastorch.lightning.profilers.profiler import profiled
from kerastorch.lightning.program import STEP_OF, takes_rest
from kerastorch.runtime.clipping import choose_clipping

_FETCHES = {"train": "[_TrainingEpochLoop].train_dataloader_next", "predict": "[_PredictionLoop].predict_next"}


class Running(Knowing):
    """What steps, callbacks and modules ask a Trainer for."""

    @contextmanager
    def staged(self, stage: str) -> Iterator[None]:
        """Do something else for a while."""
        before, self.state.stage = self.state.stage, stage
        yield
        self.state.stage = before

    @property
    def estimated_stepping_batches(self) -> int | float:
        """Updates that the whole training will make."""
        if self.fitting is None or self.fitting.phase is None:
            length = self.sources("train")[0].num_batches
        else:
            length = self.fitting.source.num_batches
        updates = math.inf if length is None else math.ceil(length / self.accumulate_grad_batches)
        whole = updates * self.max_epochs if self.max_epochs < 1 << 62 else math.inf
        return whole if self.max_steps == -1 else min(self.max_steps, whole)

    @property
    def enable_validation(self) -> bool:
        """Whether a fit validates."""
        return self.validates

    @property
    def validates(self) -> bool:
        """Whether a fit has something to validate on."""
        steps = overridden(self.lightning_module, "validation_step", LightningModule)
        return steps is not None and self.options.limit_val_batches > 0 and self._has("val")

    def timed(self, owner: Any, name: str) -> Any:
        """A method of a module or a datamodule, measured where something measures."""
        kind = "LightningModule" if owner is self.lightning_module else "LightningDataModule"
        own = overridden(owner, name, DataHooks)
        action = f"[{kind}]{type(owner).__name__}.{name}"
        return getattr(owner, name) if own is None else profiled(self.profiler, action, own)

    @property
    def owners(self) -> list[Any]:
        """Who has data hooks: the datamodule, if any, and the module, in the order in which they are asked."""
        return [one for one in (self.datamodule, self.lightning_module) if one is not None]

    def _has(self, kind: str) -> bool:
        """Whether there are data of a kind."""
        own = (overridden(one, f"{kind}_dataloader", DataHooks) for one in self.owners)
        return self.given.get(kind) is not None or any(method is not None for method in own)

    def sources(self, kind: str) -> list[DataSource]:
        """The data of a kind of pass ("train", "val", "test", "predict"), asked for anew."""
        loaders = self.given.get(kind)
        for owner in self.owners:
            if loaders is None:
                loaders = self.timed(owner, f"{kind}_dataloader")()
        transfer, limit = Transfer(self.owners, self.plan), getattr(self.options, f"limit_{kind}_batches")
        self.dataloaders[kind] = loaders
        loaders = each(loaders, lambda one: self._prepared(one, kind == "train"))
        several = [together(loaders)] if kind == "train" and loaders is not None else as_list(loaders)
        step = getattr(self.lightning_module, f"{STEP_OF.get(kind, kind)}_step")
        hands = takes_rest(step)
        fetch = profiled(self.profiler, _FETCHES.get(kind, f"[_EvaluationLoop].{kind}_next"), next)
        found = [Loader(loader, transfer, limit, number, kind, hands, fetch) for number, loader in enumerate(several)]
        self.batches[kind] = [source.num_batches for source in found]
        return list(found)

    @property
    def data_kind(self) -> str:
        """Which data a run goes through: "train", "val", "test" or "predict"."""
        fn = self.state.fn or ""
        return {"fit": "train", "validate": "val"}.get(fn, fn)

    def reload(self) -> None:
        """Ask for the dataloaders of the run anew, before its first batch or that of an epoch."""
        if self.data_kind == "train":
            self.fitting.reload()
        else:
            self.evaluation.sources = self.sources(self.data_kind)

    def _prepared(self, loader: Any, shuffles: bool) -> Any:
        """A dataloader as the flags want it."""
        loader = unshuffled(loader) if self.options.overfit_batches else loader
        return shared(loader, self.plan.part, shuffles) if self.options.use_distributed_sampler else loader

    def log_figures(self, figures: Mapping[str, Any], step: int | None = None, offset: int = 0) -> None:
        """Give figures to the loggers, all in one transfer from the device.

        Args:
            figures: Tensors by name.
            step: Where on the axis; default the updates so far, and then the epoch is told too.
            offset: What is added to the updates so far.
        """
        if not self.loggers or not figures or not self.is_global_zero:
            return
        self.record.logged.update(figures)
        values = fetch(figures)
        own = values.pop("step", None)
        if step is None:
            stepped = 0 if self.fitting is None else self.fitting.stepped + offset
            step = stepped if own is None else int(own)
            if own is None:
                values.setdefault("epoch", self.current_epoch)
        for logger in self.loggers:
            logger.log_metrics(values, step)
            logger.save()

    def log_hyperparameters(self) -> None:
        """Give the module's and the datamodule's hyperparameters to the loggers."""
        held = [one for one in self.owners if one._log_hyperparams]
        params = {name: value for one in held for name, value in one.hparams_initial.items()}
        for logger in self.loggers if self.options.enable_autolog_hparams and self.is_global_zero else ():
            if held:
                logger.log_hyperparams(params)
            if self.lightning_module.example_input_array is not None:
                logger.log_graph(self.lightning_module)
            logger.save()

    def save_checkpoint(self, filepath: Any, weights_only: bool = False, storage_options: Any = None) -> None:
        """Write a checkpoint of the run, see `lightning.checkpoint`.

        Args:
            filepath: The file.
            weights_only: Whether optimizers, schedulers and callbacks are left out.
            storage_options: Accepted.
        """
        with self.profiler.profile("save_checkpoint"):
            found = checkpoint.dump(self, weights_only)
            if self.is_global_zero:
                checkpoint.write(filepath, found)
            self.plan.strategy.any(None)

    def clip(self, optimizer: Any, value: float | None, algorithm: str | None) -> None:
        """Clip the gradients of an optimizer's parameters; what is None is the flag's."""
        options = self.options
        value = options.gradient_clip_val if value is None else value
        if value:
            choose_clipping(value, algorithm or options.gradient_clip_algorithm)(parameters_of(optimizer))

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print, in the first process only, and beside the progress bar."""
        if self.is_global_zero:
            bar = self.progress_bar_callback
            (print if bar is None or bar.is_disabled else bar.print)(*args, **kwargs)
