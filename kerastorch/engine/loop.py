"""The loop: epochs, and the one runner of batches for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kerastorch.data.source import DataSource
from kerastorch.engine.events import BatchHook, Observer
from kerastorch.engine.logs import fetch
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step


@dataclass
class Phase:
    """One kind of pass over data: where the batches come from, what is done with each, who is told.

    Attributes:
        source: Gives the batches of an epoch.
        step: Processes one batch.
        batch_begin, batch_end: Called around each batch with its index and the logs.
        every: Batches between two calls of the hooks (`steps_per_execution`).
    """

    source: DataSource
    step: Step
    batch_begin: Sequence[BatchHook] = ()
    batch_end: Sequence[BatchHook] = ()

    @classmethod
    def make(cls, kind: str, source: DataSource, step: Step, observer: Observer, every: int = 1) -> Phase:
        """A phase whose hooks are an observer's for `kind` ("train", "test", "predict")."""
        begin = [_every(h, every, None) for h in getattr(observer, f"{kind}_batch_begin")]
        end = [_every(h, every, source.num_batches or -1) for h in getattr(observer, f"{kind}_batch_end")]
        return cls(source, step, begin, end)


def _every(hook: BatchHook, every: int, last: int | None) -> BatchHook:
    """The hook, called at the end (with `last`: the number of batches) or the beginning of each group of batches."""
    if every == 1:
        return hook
    if last is None:
        return lambda index, logs: hook(index, logs) if index % every == 0 else None
    return lambda index, logs: hook(index, logs) if (index + 1) % every == 0 or index + 1 == last else None


class Loop:
    """Runs phases.

    Args:
        state: The cursor.
        observer: Who watches.
    """

    def __init__(self, state: RunState, observer: Observer) -> None:
        self.state = state
        self.observer = observer

    def run(
        self, train: Phase, epochs: int, validate: Callable[[int], dict[str, Any]], finish: Callable[[], None]
    ) -> None:
        """Train.

        Args:
            train: The training phase.
            epochs: The epoch to end before; `state.epoch` is the one to begin with.
            validate: Gives the validation figures that are due after an epoch.
            finish: Called after the last epoch, before the observer hears of the end.
        """
        logs: dict[str, Any] = {}
        self.observer.on_train_begin()
        for epoch in range(self.state.epoch, epochs):
            self.state.epoch = epoch
            self.observer.on_epoch_begin(epoch)
            logs = {**self.run_epoch(train, epoch), **validate(epoch)}
            self.observer.on_epoch_end(epoch, logs)
            if self.state.stop_reason:
                break
        finish()
        self.observer.on_train_end(logs)

    def run_epoch(self, phase: Phase, epoch: int = 0, start: int = 0) -> dict[str, Any]:
        """Pass once over the batches of a phase.

        Args:
            phase: What to do.
            epoch: Which epoch's order of samples.
            start: The batch to begin with.

        Returns:
            The figures of the epoch: floats.
        """
        step, logs = phase.step, phase.step.logs
        with step.session():
            for index, batch in enumerate(phase.source.batches(epoch, start), start):
                for hook in phase.batch_begin:
                    hook(index, None)
                step(batch)
                logs.stale = True
                for hook in phase.batch_end:
                    hook(index, logs)
                if self.state.stop_reason:
                    break
            step.flush()
            return fetch(step.results())
