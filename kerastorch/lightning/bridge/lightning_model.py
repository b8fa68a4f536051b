"""A LightningModule as a Keras model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.utils.data import Dataset

from kerastorch.base import errors, nested
from kerastorch.callbacks import History, ProgbarLogger
from kerastorch.data.batch import Batch
from kerastorch.data.choose import is_arrays
from kerastorch.data.order import Shuffle
from kerastorch.data.pydataset import PyDataset
from kerastorch.data.source import DataSource
from kerastorch.data.split import validation_split as split
from kerastorch.lightning.bridge.compiled_module import CompiledModule
from kerastorch.lightning.callbacks import Callback, Checkpoint, ModelSummary, ProgressBar
from kerastorch.lightning.callbacks.keras_callbacks import KerasCallbacks, is_keras
from kerastorch.lightning.hooks import overridden
from kerastorch.lightning.module import LightningModule
from kerastorch.lightning.moving import rows
from kerastorch.lightning.trainer import Trainer
from kerastorch.models import arguments
from kerastorch.models.collector import Collector
from kerastorch.models.evaluating import source_for
from kerastorch.models.wrapped import ModuleModel
from kerastorch.runtime.world import World

_KINDS: dict[str, type] = {
    "enable_checkpointing": Checkpoint, "enable_progress_bar": ProgressBar, "enable_model_summary": ModelSummary
}  # fmt: skip


class LightningModel(ModuleModel):
    """A LightningModule with Keras's methods; `keras.Model.from_lightning(module)` makes it.

    `fit`, `evaluate` and `predict` run a `Trainer`, so all of the module's own counts: `configure_optimizers`,
    schedulers, hooks, manual optimization. Arrays come to its steps as `x`, `(x, y)` or `(x, y, sample_weight)`,
    what a loader yields comes as it is. What it logs is in the `History` under its own names; a name that both training
    and validation log is `val_...` for validation. Other attributes are the module's.

    Args:
        module: The module: it is held, not copied.
        flags: Flags for the Trainer.

    Raises:
        TypeError: `module` is no LightningModule, or a flag is unknown.
        ValueError: A flag is wrong, or asks for processes to be started.

    Example:
        >>> class Line(LightningModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = torch.nn.Linear(4, 1)
        ...     def forward(self, x):
        ...         return self.layer(x)
        >>> LightningModel(Line()).predict(torch.zeros(8, 4), verbose=0).shape
        (8, 1)
    """

    def __init__(self, module: Any, flags: Mapping[str, Any] | None = None) -> None:
        if not isinstance(module, LightningModule):
            raise errors.type_error(
                "`module` of from_lightning",
                expected="a LightningModule of `kerastorch.lightning`",
                received=module,
                remedy="Derive its class from that one. Any other torch module: `keras.Model(module)`.",
            )
        super().__init__(module)
        devices = 1 if World.here() is None else "auto"
        quiet = dict.fromkeys(("logger", *_KINDS), False)
        self._flags = {**quiet, "devices": devices, **(flags or {})}
        self._ended: Any = None
        strategy = self._make_trainer().plan.strategy
        if strategy.ranks != strategy.world_size:
            raise errors.value_error(
                "`devices` of from_lightning",
                expected="one, or as many as `torchrun` has started processes",
                received=self._flags["devices"],
                remedy="Start the script by `torchrun`, or use `Trainer(devices=...).fit(module, loader)`.",
            )

    @classmethod
    def of(cls, module: Any, flags: Mapping[str, Any]) -> Any:
        """The Keras model of a module: that which it was made of, or a new one."""
        return module.model if isinstance(module, CompiledModule) else cls(module, flags)

    def to_lightning(self) -> Any:
        """The module."""
        return self.module

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if "module" not in self.__dict__:
                raise
            return getattr(self.module, name)

    @property
    def optimizer(self) -> Any:  # type: ignore[override]
        """The first optimizer of the run, or of the last one; None before."""
        trainer: Any = self.module._trainer
        return trainer.optimizers[0] if trainer is not None and trainer.optimizers else None

    def _need_compiled(self, method: str) -> Any:
        raise errors.type_error(
            f"`{method}` of model {self.name!r}",
            expected="a model that `compile` told how to train",
            received=errors.Said("a LightningModule, which knows itself"),
            remedy="Use `fit`, `evaluate` and `predict`; flags of the Trainer go to `Model.from_lightning`.",
        )

    def compile(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Refused: the module brings its own optimizer and loss."""
        self._need_compiled("compile")

    def _finish(self) -> None:
        """The module's own hooks have done what is to be done after training."""

    # -- fit, evaluate, predict -------------------------------------------------------------------------------------

    def fit(  # type: ignore[override]
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Shuffle = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        **unknown: Any,
    ) -> History:
        """Train by the module's own steps; the arguments are those of `Model.fit`.

        A second `fit` goes on with the optimizers and schedulers of the first.

        Returns:
            The `History`.
        """
        _refuse_unknown("fit", unknown)
        arguments.check_fit({}, epochs, initial_epoch, validation_freq, validation_split, validation_data)
        if validation_split:
            (x, y, sample_weight), validation_data = split(x, y, sample_weight, validation_split)
        given = [] if callbacks is None else nested.flatten(callbacks)
        history = next((one for one in given if isinstance(one, History)), None) or History()
        trainer = self._watched(
            [_GoesOn(self, initial_epoch), *given], verbose, history, max_epochs=epochs,
            check_val_every_n_epoch=validation_freq,
            limit_train_batches=steps_per_epoch, limit_val_batches=validation_steps,
        )  # fmt: skip
        train = _loader(
            trainer, "fit", x, y, sample_weight, batch_size=batch_size, shuffle=shuffle, steps=steps_per_epoch,
            class_weight=class_weight, seed=torch.initial_seed() + self._fits,
        )  # fmt: skip
        size = validation_batch_size or batch_size
        trainer.fit(self.module, train, self._held_out(trainer, validation_data, size, validation_steps))
        self._ended = (trainer.optimizers, trainer.lr_scheduler_configs, trainer.global_step)
        self.__dict__["_fits"] = self._fits + 1
        return history

    def _held_out(self, trainer: Trainer, data: Any, batch_size: int | None, steps: int | None) -> Any:
        if data is None:
            return None
        parts = data if isinstance(data, (tuple, list)) and len(data) in (2, 3) else (data,)
        x, y, weight = (*parts, None, None)[:3]
        return _loader(trainer, "validation_data", x, y, weight, batch_size=batch_size, shuffle=False, steps=steps)

    def evaluate(  # type: ignore[override]
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **unknown: Any,
    ) -> Any:
        """The figures that `test_step` logs, or where there is none `validation_step`; see `Model.evaluate`.

        Returns:
            A float where there is one figure, else a list: losses first, then by name; or a dict.
        """
        _refuse_unknown("evaluate", unknown)
        tests = overridden(self.module, "test_step", LightningModule) is not None
        trainer = self._watched(callbacks, verbose, limit_test_batches=steps, limit_val_batches=steps)
        data = _loader(trainer, "evaluate", x, y, sample_weight, batch_size=batch_size, shuffle=False, steps=steps)
        run = trainer.test if tests else trainer.validate
        figures = {name: value for one in run(self.module, data, verbose=False) for name, value in one.items()}
        values = [figures[name] for name in sorted(figures, key=lambda name: (not name.endswith("loss"), name))]
        return figures if return_dict else values[0] if len(values) == 1 else values

    def predict(  # type: ignore[override]
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        **unknown: Any,
    ) -> Any:
        """What `predict_step` returns for all batches, as NumPy arrays; see `Model.predict`."""
        _refuse_unknown("predict", unknown)
        trainer = self._watched(callbacks, verbose, limit_predict_batches=steps)
        data = _loader(trainer, "predict", x, None, None, batch_size=batch_size, shuffle=False, steps=steps)
        collect = Collector(None)
        for outputs in trainer.predict(self.module, data):
            collect(outputs, rows(nested.flatten(outputs)[0]))
        return collect.result()

    def _watched(self, callbacks: Any, verbose: Any, history: Any = None, **flags: Any) -> Trainer:
        """A Trainer with the user's callbacks, and a progress bar where it is wanted."""
        given = [] if callbacks is None else nested.flatten(callbacks)
        keras = [one for one in given if is_keras(one) and one is not history]
        there = {flag for flag, kind in _KINDS.items() if any(isinstance(one, kind) for one in given)}
        barred = verbose == 0 or "enable_progress_bar" in there or any(isinstance(one, ProgbarLogger) for one in keras)
        added = [*([] if barred else [ProgbarLogger()]), *([] if history is None else [history])]
        watching = KerasCallbacks([*keras, *added], self, verbose)
        own = [one for one in given if not is_keras(one)]
        return self._make_trainer(callbacks=[*own, watching], **dict.fromkeys(there, True), **flags)

    def _make_trainer(self, **flags: Any) -> Trainer:
        given = {name: value for name, value in flags.items() if value is not None}
        return Trainer(**{"max_epochs": 1, **self._flags, **given})


class _GoesOn(Callback):
    """Lets a fit begin where the one before ended.

    Args:
        model: The model.
        epoch: The epoch to begin with.
    """

    def __init__(self, model: LightningModel, epoch: int) -> None:
        self.model, self.epoch = model, epoch

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        state = trainer.fitting.state
        state.epoch = trainer.current_epoch = trainer.processed = self.epoch
        optimizers, schedulers, state.step = self.model._ended or ([], [], 0)
        for now, before in zip(trainer.optimizers, optimizers, strict=False):
            now.load_state_dict(before.state_dict())
        for now, before in zip(trainer.lr_scheduler_configs, schedulers, strict=False):
            now.scheduler.load_state_dict(before.scheduler.state_dict())


class Batches:
    """A data source as a dataloader: every pass is an epoch.

    Args:
        source: The source.

    Example:
        >>> from kerastorch.data.choose import choose
        >>> [len(batch) for batch in Batches(choose(torch.zeros(5, 3), batch_size=2, device="cpu"))]
        [2, 2, 1]
    """

    def __init__(self, source: DataSource) -> None:
        self.source, self.epoch = source, 0
        self.sampler = self  # told the epoch, as samplers are
        self.batch_size = source.batch_size

    def set_epoch(self, epoch: int) -> None:
        """Give the order of an epoch next."""
        self.epoch = epoch

    def __len__(self) -> int:
        if self.source.num_batches is None:
            raise TypeError("the data do not know how many batches they are")
        return self.source.num_batches

    def __iter__(self) -> Iterator[Any]:
        return map(_bare, self.source.batches(self.epoch))


def _bare(batch: Batch) -> Any:
    return batch.x if batch.y is None and batch.sample_weight is None else batch.data


def _loader(trainer: Trainer, usage: str, x: Any, y: Any, weight: Any, **options: Any) -> Any:
    """A dataloader over arrays and datasets; what yields batches by itself, as it is."""
    if is_arrays(x) or isinstance(x, (Dataset, PyDataset)):
        return Batches(source_for(trainer.plan, usage, x, y, weight, **options))
    for name, value in {"y": y, "sample_weight": weight, "class_weight": options.get("class_weight")}.items():
        if value is not None:
            raise errors.value_error(
                f"`{name}` of {usage}",
                expected="None beside a loader",
                received=value,
                remedy="Let the loader yield it.",
            )
    return x


def _refuse_unknown(method: str, unknown: Mapping[str, Any]) -> None:
    """Refuse what `Model.fit` has and a Trainer does otherwise, and what nobody has."""
    there = [name for name in unknown if name in _OTHERWISE]
    if there:
        raise errors.type_error(
            f"`{there[0]}` of {method}",
            expected="nothing, for a LightningModule",
            received=unknown[there[0]],
            remedy=_OTHERWISE[there[0]],
        )
    arguments.refuse_unknown(method, unknown)


_CHECKPOINTS = "Use `kerastorch.lightning.callbacks.ModelCheckpoint`, and `Trainer.fit(..., ckpt_path=...)`."
_OTHERWISE = {
    **dict.fromkeys(("checkpoint_dir", "resume", "save_every", "elastic"), _CHECKPOINTS),
    **dict.fromkeys(("check_data", "on_oom", "on_nonfinite"), "Leave it out."),
    "profile": "Leave it out; `torch.profiler` may stand around `fit`.",
}
