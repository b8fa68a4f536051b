"""Validation, test and prediction: passes over data without gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from kerastorch.base import errors
from kerastorch.data.source import DataSource, closing
from kerastorch.engine.loop import Loop, Phase
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step
from kerastorch.lightning.deprecations import ended
from kerastorch.lightning.hooks import ModelHooks, overridden
from kerastorch.lightning.profilers.profiler import profiled
from kerastorch.lightning.program import LightningProgram, takes_number, takes_rest
from kerastorch.lightning.results import in_order

# what a Trainer does -> how hooks and steps call it
KINDS = {"validate": "validation", "test": "test", "predict": "predict"}


class EvaluationStep(Step):
    """One batch of an evaluation: the module's step and the hooks around it.

    Args:
        trainer: The Trainer.
        program: The module.
        kind: "validation", "test" or "predict".
        several: Whether there are several dataloaders, whose number steps and hooks want.
    """

    def __init__(self, trainer: Any, program: LightningProgram, kind: str, several: bool) -> None:
        super().__init__(program, trainer.plan, RunState())
        self.trainer, self.record, self.kind, self.several = trainer, program.record, kind, several
        module: Any = program.module
        self.starts, self.ends = (trainer.hooks[f"on_{kind}_batch_{edge}"] for edge in ("start", "end"))
        self.name = f"{kind}_step"
        self.step = ended(module, self.name, trainer.plan.strategy.entered(module, self.name))
        strategy = f"[Strategy]{type(trainer.plan.strategy).__name__}"
        self.step = profiled(trainer.profiler, f"{strategy}.{self.name}", self.step)
        numbered = takes_number(self.step)
        self.stepped = self._handed if takes_rest(self.step) else self._numbered if numbered else self._plain
        self.outputs: dict[int, list[Any]] = {}
        self.seen: dict[int, int] = {}

    def __call__(self, batch: Any) -> None:
        place = (batch.index, batch.loader) if self.several else (batch.index,)
        self.record.begin_batch(batch.x, batch.loader if self.several else None)
        for hook in self.starts:
            hook(batch.x, *place)
        self.record.fx = self.name
        with self.plan.precision.context():
            outputs = self.stepped(batch, place)
        self.record.fx = None
        for hook in self.ends:
            hook(outputs, batch.x, *place)
        if self.kind == "predict":
            self.outputs.setdefault(batch.loader, []).append(outputs)
        elif not self.trainer.sanity_checking:
            number = self.seen.get(batch.loader, 0)
            self.seen[batch.loader] = number + 1
            if any(entry.on_step for entry in self.record.evaluation.values()):
                self.trainer.log_figures(self.record.note(self.record.loader), number)

    def _plain(self, batch: Any, place: tuple[int, ...]) -> Any:
        return self.step(batch.x)

    def _numbered(self, batch: Any, place: tuple[int, ...]) -> Any:
        return self.step(batch.x, *place)

    def _handed(self, batch: Any, place: tuple[int, ...]) -> Any:
        return batch.rest.hand(self.step, batch, self.record)

    def finish(self) -> dict[str, Any]:
        return {}


class Evaluation:
    """Goes through dataloaders, one after the other.

    Args:
        trainer: The Trainer.
        program: The module.
        kind: "validation", "test" or "predict".
        sources: The dataloaders' batches.
    """

    def __init__(self, trainer: Any, program: LightningProgram, kind: str, sources: Sequence[DataSource]) -> None:
        self.trainer, self.kind, self.record = trainer, kind, program.record
        self.module: Any = program.module
        self.sources = sources
        several = len(sources) > 1
        self.step = EvaluationStep(trainer, program, kind, several)
        if several and not (takes_number(self.step.step, 2) or takes_rest(self.step.step)):
            raise errors.value_error(
                f"`{kind}_step` of {type(self.module).__name__}, for {len(sources)} dataloaders",
                expected="the arguments (batch, batch_idx, dataloader_idx)",
                received=errors.Said("fewer"),
            )
        self.hooks = trainer.hooks
        self.modes = [overridden(self.module, f"on_{kind}_model_{mode}", ModelHooks) for mode in ("eval", "train")]
        if kind == "predict":
            self.modes[1] = None  # as in Lightning

    def run(self, epoch: int = 0, inference: bool = False) -> list[dict[str, Any]]:
        """Go through all batches.

        Args:
            epoch: The epoch of training, for samplers that want it.
            inference: Whether in torch's inference mode.

        Returns:
            The figures of each dataloader.
        """
        if not any(source.num_batches != 0 for source in self.sources):
            return []
        # a part of the weights cannot be gathered in inference mode
        within = torch.inference_mode() if inference and self.step.plan.strategy.in_pieces else nullcontext()
        self.step.plan.strategy.share(self.module.buffers())
        with within, self.record.evaluating(), self.step.session():
            self._change_mode(0)
            self.hooks(f"on_{self.kind}_start")
            self.hooks(f"on_{self.kind}_epoch_start")
            found = [self._through(source, epoch) for source in self.sources]
            self.record.on_step, self.record.loader = False, None
            self.hooks(f"on_{self.kind}_epoch_end")
            last = {} if self.trainer.sanity_checking else self.record.note()
            figures = {name: value for one in found for name, value in one.items()} | last
            if not self.trainer.sanity_checking:
                self.trainer.log_figures(figures)
            self.hooks(f"on_{self.kind}_end")
            self.record.reset()
            self._change_mode(1)
        return [in_order({**one, **last}) for one in found]

    @contextmanager
    def shortened(self, batches: Sequence[int | None]) -> Iterator[None]:
        """Within it each dataloader gives so many batches."""
        before = [source.num_batches for source in self.sources]
        for source, count in zip(self.sources, batches, strict=True):
            source.num_batches = count
        yield
        for source, length in zip(self.sources, before, strict=True):
            source.num_batches = length

    def _through(self, source: DataSource, epoch: int) -> dict[str, Any]:
        self.record.on_step = False
        with closing(source):
            Loop(self.step.state, self.trainer).run_epoch(Phase(source, self.step), epoch)
        self.record.on_step = False
        return {} if self.trainer.sanity_checking else self.record.note(self.record.loader)

    def predictions(self) -> list[Any]:
        """What `predict_step` returned for each batch; of several dataloaders a list for each."""
        outputs = self.step.outputs
        lists = [outputs.get(number, []) for number in range(len(self.sources))]
        return lists[0] if len(lists) == 1 else lists

    def _change_mode(self, which: int) -> None:
        method = self.modes[which]
        if method is not None:
            method()
