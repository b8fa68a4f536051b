"""A LightningModule as the engine sees it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import errors
from kerastorch.lightning.data import Item
from kerastorch.lightning.deprecations import ended, log_returned, tell
from kerastorch.lightning.optimizers import parameters_of
from kerastorch.lightning.results import Record
from kerastorch.runtime.plan import Plan


class _Door(nn.Module):
    """Lets a wrapper that knows only `forward` call a module's `training_step`."""

    module: Any

    def __init__(self, module: nn.Module, step: Callable[..., Any]) -> None:
        super().__init__()
        self.module, self.step = module, step

    def forward(self, *args: Any) -> Any:
        return self.step(*args)


class LightningProgram:
    """Runs the steps of a LightningModule.

    Args:
        module: The module.
        plan: The run options.
        record: Where `self.log` puts its figures.
        optimizers: Those of `configure_optimizers`; none outside of training.
        by_itself: Whether updates are made beside the engine's, though the module does not make them.

    Attributes:
        first: Called once, after the first `training_step`.
    """

    def __init__(
        self,
        module: Any,
        plan: Plan,
        record: Record,
        optimizers: Sequence[torch.optim.Optimizer] = (),
        by_itself: bool = False,
    ) -> None:
        self.module: nn.Module = module
        self.plan, self.record, self.optimizers = plan, record, list(optimizers)
        self.optimizer = optimizers[0] if optimizers else None
        self.manual = by_itself or not module.automatic_optimization
        self.first: Callable[[], None] | None = None
        self.extra: Mapping[str, Any] = {}
        self.answered = self.told = False
        self.step: Callable[..., Any] = ended(module, "training_step", plan.strategy.entered(module, "training_step"))
        numbered = takes_number(self.step)
        self._stepped = self._handed if takes_rest(self.step) else self._numbered if numbered else self._plain
        if optimizers and plan.strategy.world_size > 1:
            if self.manual:
                plan.strategy.replicate(module)
            else:
                self.step = plan.strategy.wrap(_Door(module, self.step))

    def training_step(self, batch: Any) -> Any:
        """The loss of a batch; None where the step left it out."""
        found = self._called(batch)
        self.extra = {}
        if isinstance(found, Mapping):
            self.extra, found = found, found.get("loss")
        if not isinstance(found, Tensor) and (found is not None or self.extra or not self.answered):
            raise self._no_loss(self.extra or found)
        self.answered = True
        return found

    def manual_step(self, batch: Any) -> Mapping[str, Any]:
        """The module's own step, update included."""
        found = self._called(batch)
        self.extra = found if isinstance(found, Mapping) else {} if found is None else {"loss": found.detach()}
        return {}

    def _called(self, batch: Item) -> Any:
        self.record.fx = "training_step"
        found = self._stepped(batch)
        if isinstance(found, dict):
            self.log_returned(found)
        self.record.fx = None
        if self.first is not None:
            first, self.first = self.first, None
            first()
        return found

    def log_returned(self, found: Mapping[str, Any]) -> None:
        """Log what a `training_step` of earlier years returns beside its loss."""
        if "log" not in found and "progress_bar" not in found:
            return
        log_returned(self.module, found)
        if not self.told:
            self.told = True
            today = "write `self.log(name, value)`, and `prog_bar=True` for the bar, today"
            tell(self.module.training_step, f"`log` and `progress_bar` in what training_step returns: {today}.")  # type: ignore[arg-type]

    def _plain(self, batch: Item) -> Any:
        return self.step(batch.x)

    def _numbered(self, batch: Item) -> Any:
        return self.step(batch.x, batch.index)

    def _handed(self, batch: Item) -> Any:
        assert batch.rest is not None
        return batch.rest.hand(self.step, batch, self.record)

    def _no_loss(self, received: Any) -> TypeError:
        return errors.type_error(
            f"`training_step` of {type(self.module).__name__}",
            expected='the loss: a tensor, or a dict with the key "loss"',
            received=received,
            remedy="Return it; a later step may return None to leave out its batch. "
            "A module that updates by itself sets `self.automatic_optimization = False`.",
        )

    def validation_step(self, batch: Any) -> Mapping[str, Any] | None:
        """Not asked for: `Evaluation` calls the steps without gradients."""
        raise NotImplementedError

    def predict_step(self, batch: Any) -> Any:
        """The output for a batch."""
        return self.module.predict_step(batch.x, batch.index)  # type: ignore[operator]

    def trainable_parameters(self) -> Sequence[Tensor]:
        """The parameters that the optimizers change."""
        return [p for optimizer in self.optimizers for p in parameters_of(optimizer)]

    def stateful(self) -> Mapping[str, Any]:
        """The optimizers."""
        return {f"optimizer_{i}": one for i, one in enumerate(self.optimizers)}

    def reset(self) -> None:
        """Figures start anew by themselves."""

    def accumulators(self) -> Sequence[Any]:
        """None: figures are in the record."""
        return ()

    def synchronize(self) -> None:
        """Figures are summed over the ranks where `sync_dist` says so."""

    def counted(self) -> Mapping[str, Any]:
        """None: figures are in the record."""
        return {}

    def results(self) -> Mapping[str, Any]:
        """None: figures are in the record."""
        return {}


STEPS = ("training", "validation", "test", "predict")
STEP_OF = {"train": "training", "val": "validation"}  # kind of dataloader -> how its step is called, where it differs


def takes_number(step: Callable[..., Any], numbers: int = 1) -> bool:
    """Whether a step wants the number of its batch too, or that of its dataloader as well.

    Args:
        step: The method.
        numbers: How many numbers beside the batch.

    Example:
        >>> takes_number(lambda batch: 0), takes_number(lambda batch, batch_idx: 0)
        (False, True)
    """
    parameters = inspect.signature(step).parameters.values()
    several = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    return several or sum(p.kind is not inspect.Parameter.VAR_KEYWORD for p in parameters) > numbers


def takes_rest(step: Callable[..., Any]) -> bool:
    """Whether a step fetches its batches by itself, from `dataloader_iter`."""
    return "dataloader_iter" in inspect.signature(step).parameters
