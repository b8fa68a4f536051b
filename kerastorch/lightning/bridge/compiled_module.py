"""A compiled Keras model as a LightningModule."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from kerastorch.base import errors
from kerastorch.callbacks.optimizer_lr import get_lr, set_lr
from kerastorch.data.batch import Batch
from kerastorch.data.source import closing
from kerastorch.lightning.bridge.figures import Figures
from kerastorch.lightning.callbacks.keras_callbacks import Stopping, finish
from kerastorch.lightning.module import LightningModule
from kerastorch.models import checks, compiling
from kerastorch.models.program import ModelProgram
from kerastorch.runtime.clipping import ClipByValue
from kerastorch.runtime.plan import Plan
from kerastorch.runtime.strategy import SingleDevice

# what a Trainer does -> its dataloaders
_KINDS = {"fit": "train", "validate": "val", "test": "test", "predict": "predict"}


class CompiledModule(LightningModule):
    """A compiled model as a LightningModule; `model.to_lightning()` makes it.

    Args:
        model: The model: it is held, not copied.

    Attributes:
        model: The model.

    Example:
        >>> import kerastorch as keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(optimizer="sgd", loss="mse")
        >>> module = CompiledModule(model)
        >>> next(module.parameters()) is next(model.parameters()), list(module.state_dict())
        (True, ['dense.weight', 'dense.bias'])
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.training = model.training  # a Keras model waits in the mode of inference
        self.automatic_optimization = type(model).train_step is model.base.train_step
        self._figures: Figures | None = None
        self._kept: Any = None
        self._modes: list[tuple[nn.Module, bool]] = []
        self._loader = 0

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The model's outputs."""
        return self.model(*args, **kwargs)

    # -- steps ------------------------------------------------------------------------------------------------------

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        """The compiled loss of a batch `x`, `(x, y)` or `(x, y, sample_weight)`; or the model's own `train_step`."""
        batch = self.model._batch(batch)
        figures = self._figures_for(batch, "fit")
        program = figures.program
        if program.manual:
            figures.told = program.manual_step(batch)
            figures.log(self, "")
            self.trainer.fitting.state.step += 1  # as in `fit`, a step is an update
            return None
        loss = program.training_step(batch)
        figures.log(self, "")
        precision = program.plan.precision
        return precision.optimizer.scale_loss(loss) if isinstance(precision, compiling.OptimizerScaled) else loss

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Losses and metrics of a batch, under `val_...`; or the model's own `test_step`."""
        self._judge(batch, dataloader_idx, "val_")

    def test_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """The same, under `test_...`."""
        self._judge(batch, dataloader_idx, "test_")

    def _judge(self, batch: Any, loader: int, prefix: str) -> None:
        batch = self.model._batch(batch)
        figures = self._figures_for(batch, "evaluate")
        if loader != self._loader:
            self._loader = loader
            figures.reset()
        figures.told = figures.program.validation_step(batch)
        figures.log(self, prefix)

    def predict_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> Any:
        """The outputs for a batch, whose targets are not looked at; or the model's own `predict_step`."""
        found = self.model._batch(batch)
        if type(self.model).predict_step is not self.model.base.predict_step:
            return self.model.predict_step(found.data)
        return self.model(found.x)

    def configure_optimizers(self) -> Any:
        """The compiled optimizer."""
        model = self.model
        compiling.follow(model.optimizer, [])
        model.optimizer = compiling.bound_optimizer(model, model.optimizer)
        return model.optimizer

    @property
    def learning_rate(self) -> float:
        """The optimizer's; `Tuner.lr_find` sets it."""
        return get_lr(self.model.optimizer)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        set_lr(self.model.optimizer, value)

    # -- getting ready ----------------------------------------------------------------------------------------------

    def configure_model(self) -> None:
        """Build what is not built yet, by a first batch; the random numbers to come stay as they were."""
        self._figures = self._kept = None
        if all(_is_built(part) for part in self.model.modules()):
            return
        kind = _KINDS[self.trainer.state.fn]
        source = next(iter(self.trainer.sources(kind)), None)
        loader: Any = getattr(source, "loader", None)
        if loader is None or isinstance(loader, Iterator):
            raise errors.value_error(
                f"Model {self.model.name!r}, which is not built yet, with {kind} data",
                expected="data that can be gone through again: the first batch says which shapes the weights have",
                received=loader,
                remedy="Call the model on a batch before, or start it with `keras.Input(shape)`.",
            )
        drawn = source._drawn()  # type: ignore[union-attr]
        with closing(source):
            batch = self.model._batch(source.peek().x)  # type: ignore[union-attr]
            compiling.outputs_for(self.model, Plan.make(device="cpu"), batch)
        source._draw_from(drawn)  # type: ignore[union-attr]

    def _figures_for(self, batch: Batch, usage: str) -> Figures:
        """Losses, metrics and what else a batch needs; made by the first one, which must suit the model."""
        if self._figures is None:
            model, plan = self.model, self._plan()
            checks.check_inputs(model, batch)
            outputs = compiling.outputs_for(model, plan, batch)
            program: ModelProgram = model._program_for(plan, batch, outputs)
            model._program = program
            with torch.no_grad():
                checks.check_targets(program, model, batch, outputs, usage)
            self._figures = Figures(program, self.trainer.plan.strategy)
            self._figures.reset()
        return self._figures

    def _plan(self) -> Plan:
        """The Trainer's plan for what is done here: ranks, updates and compilation are the Trainer's own matter."""
        plan, own = self.trainer.plan, self.model._need_compiled("fit").plan
        alone = SingleDevice(plan.device)
        return replace(plan, strategy=alone, accumulate=own.accumulate, clipping=own.clipping, jit_compile=False)

    # -- hooks ------------------------------------------------------------------------------------------------------

    def on_fit_start(self) -> None:
        """Say which options of `compile` the Trainer was not told; let `model.stop_training = True` reach it."""
        self.model._run = Stopping(self.trainer)
        self.model.stop_training = False
        missing = dict(_untold(self.model._need_compiled("fit").plan, self.trainer.plan, self.automatic_optimization))
        if missing:
            flags = ", ".join(f"{name}={value!r}" for name, value in missing.items())
            warnings.warn(
                f"Model {self.model.name!r} was compiled with {flags}; in a Trainer its flags count: "
                f"`Trainer({flags})`.",
                stacklevel=2,
            )

    def on_train_start(self) -> None:
        """Put the model into training mode, as `fit` does."""
        self._modes = [(part, part.training) for part in self.modules()]
        self.train()

    def on_train_end(self) -> None:
        """Put the modes back; an optimizer that averages weights puts the average in place."""
        for part, mode in self._modes:
            part.training = mode
        finish(self.model)

    def on_train_epoch_start(self) -> None:
        """The figures of an epoch begin."""
        if self._figures is not None:
            self._figures.reset()

    def on_validation_epoch_start(self) -> None:
        """Put the figures of training aside."""
        self._loader = 0
        if self._figures is not None:
            self._kept = self._figures.kept()
            self._figures.reset()

    def on_validation_end(self) -> None:
        """Take them up again."""
        if self._figures is not None:
            if self._kept is None:
                self._figures.reset()
            else:
                self._figures.restore(self._kept)
        self._kept = None

    def on_test_epoch_start(self) -> None:
        """The figures of a test begin."""
        self.on_validation_epoch_start()

    # -- files ------------------------------------------------------------------------------------------------------

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The model's own: a checkpoint's weights fit the model too."""
        return self.model.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The model's own."""
        return self.model.load_state_dict(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_figures": None, "_kept": None, "_modes": [], "_trainer": None}


def _is_built(part: nn.Module) -> bool:
    return getattr(part, "built", True) and not any(nn.parameter.is_lazy(p) for p in part.parameters(recurse=False))


def _untold(own: Plan, plan: Plan, automatic: bool) -> Iterator[tuple[str, Any]]:
    """The options of `compile` that a Trainer has otherwise, as its flags."""
    if own.precision.name != plan.precision.name and own.precision.name != "32":
        yield "precision", own.precision.name
    if not automatic:
        return
    if own.accumulate not in (1, plan.accumulate):
        yield "accumulate_grad_batches", own.accumulate
    limit = getattr(own.clipping, "value", None)
    if limit is not None and (type(own.clipping), limit) != (type(plan.clipping), getattr(plan.clipping, "value", 0)):
        yield "gradient_clip_val", limit
        if type(own.clipping) is ClipByValue:
            yield "gradient_clip_algorithm", "value"
