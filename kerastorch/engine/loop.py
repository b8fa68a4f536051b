"""The loop: epochs, and the one runner of batches for training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kerastorch.data.source import DataSource
from kerastorch.engine.events import BatchHook, Observer
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step


@dataclass
class Phase:
    """One kind of pass over data: where the batches come from, what is done with each, who is told.

    Attributes:
        source: Gives the batches of an epoch.
        step: Processes one batch.
        batch_begin, batch_end: Called around each batch with its index and the logs.
        groups: Those of `batch_end` that are called once a group of batches (`steps_per_execution`); they are told
            when the batches end, which may be within a group.
    """

    source: DataSource
    step: Step
    batch_begin: Sequence[BatchHook] = ()
    batch_end: Sequence[BatchHook] = ()
    groups: Sequence[_EndOfGroup] = ()

    @classmethod
    def make(cls, kind: str, source: DataSource, step: Step, observer: Observer, every: int = 1) -> Phase:
        """A phase whose hooks are an observer's for `kind` ("train", "test", "predict")."""
        begin, end = getattr(observer, f"{kind}_batch_begin"), getattr(observer, f"{kind}_batch_end")
        if every == 1:
            return cls(source, step, begin, end)
        groups = [_EndOfGroup(hook, every) for hook in end]
        return cls(source, step, [_at_begin_of_group(hook, every) for hook in begin], groups, groups)


def _at_begin_of_group(hook: BatchHook, every: int) -> BatchHook:
    return lambda index, logs: hook(index, logs) if index % every == 0 else None


class _EndOfGroup:
    """A hook that is called at the end of each group of batches; the last group may be short."""

    def __init__(self, hook: BatchHook, every: int) -> None:
        self.hook, self.every = hook, every
        self.waiting: int | None = None

    def __call__(self, index: int, logs: Any) -> None:
        self.waiting = index
        if (index + 1) % self.every == 0:
            self.close(logs)

    def close(self, logs: Any) -> None:
        """End the group, if a batch waits."""
        index, self.waiting = self.waiting, None
        if index is not None:
            self.hook(index, logs)


class Loop:
    """Runs phases.

    Args:
        state: The cursor.
        observer: Who watches.
        agree: Makes all ranks know why one of them wants to stop.
    """

    def __init__(
        self, state: RunState, observer: Observer, agree: Callable[[str | None], str | None] = lambda reason: reason
    ) -> None:
        self.state = state
        self.observer = observer
        self.agree = agree

    def run(
        self, train: Phase, epochs: int, validate: Callable[[int], dict[str, Any]], finish: Callable[[], None]
    ) -> None:
        """Train.

        Args:
            train: The training phase.
            epochs: The epoch to end before; the run begins where `state` stands.
            validate: Gives the validation figures that are due after an epoch.
            finish: Called after the last epoch, before the observer hears of the end.
        """
        state, logs = self.state, {}  # type: RunState, dict[str, Any]
        self.observer.on_train_begin()
        while state.epoch < epochs and not state.stop_reason:
            epoch = state.epoch
            self.observer.on_epoch_begin(epoch)
            if state.figures is None:
                with train.step.session(state.batch):
                    state.figures = self.run_epoch(train, epoch, state.batch)
            logs = {**state.figures, **validate(epoch)}
            state.end_epoch()
            self.observer.on_epoch_end(epoch, logs)
            state.stop_reason = self.agree(state.stop_reason)
        finish()
        self.observer.on_train_end(logs)

    def run_epoch(self, phase: Phase, epoch: int = 0, start: int = 0) -> dict[str, Any]:
        """Pass once over the batches of a phase, within a session of its step.

        Args:
            phase: What to do.
            epoch: Which epoch's order of samples.
            start: The batch to begin with.

        Returns:
            The figures of the epoch: floats.
        """
        step, logs = phase.step, phase.step.logs
        for index, batch in enumerate(phase.source.batches(epoch, start), start):
            for hook in phase.batch_begin:
                hook(index, None)
            step(batch)
            self.state.batch = index + 1
            logs.stale = True
            for hook in phase.batch_end:
                hook(index, logs)
            if self.state.stop_reason:
                break
        for group in phase.groups:
            group.close(logs)
        return step.finish()

    def run_once(self, phase: Phase) -> dict[str, Any]:
        """One session of one pass: evaluation, prediction, a single batch."""
        with phase.step.session():
            return self.run_epoch(phase)
