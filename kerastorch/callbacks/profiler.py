"""Where the time of a run goes: what `fit(profile=...)` shows."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from kerastorch.base import errors, registry
from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.callbacks.callback_list import CallbackList
from kerastorch.callbacks.stopwatch import Stopwatch
from kerastorch.data.batch import Batch
from kerastorch.data.source import DataSource
from kerastorch.engine.loop import Phase

# The rows of the table, in the order of a step. "train_step" is a model's own.
PARTS = ("data", "forward", "metrics", "backward", "optimizer", "train_step", "callbacks", "validation", "other")


@registry.register("callbacks")
class Profiler(Callback):
    """Measures where the time of `fit` goes, and shows it as a table at the end.

    Give it, or True, as `fit(profile=...)`. The parts: waiting for data; the forward pass and the loss; metrics;
    backward; the update; callbacks; validation; the rest. Every moment counts once. On CUDA, where the host runs ahead
    of the device, the shares are those of the time in the device's queue.

    Args:
        trace_dir: A folder for a trace of a few batches by `torch.profiler`, for TensorBoard or Perfetto.
        trace_batches: How many batches are traced, after two that are not.

    Attributes:
        times: Part to seconds, after the run.

    Raises:
        ValueError: `trace_batches` is not a number >= 1.

    Example:
        >>> import kerastorch as keras, numpy as np
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> profiler = Profiler()
        >>> profiler.times
        {}
    """

    rank_zero_only = True

    def __init__(self, trace_dir: str | os.PathLike[str] | None = None, trace_batches: int = 5) -> None:
        super().__init__()
        if isinstance(trace_batches, bool) or not isinstance(trace_batches, int) or trace_batches < 1:
            raise errors.value_error("`trace_batches` of Profiler", expected="an integer >= 1", received=trace_batches)
        self.trace_dir = None if trace_dir is None else os.fspath(trace_dir)
        self.trace_batches = trace_batches
        self.times: dict[str, float] = {}
        self.device_times: dict[str, float] = {}
        self._clock: Stopwatch | None = None
        self._trace: Any = None

    @classmethod
    def of(cls, profile: Any) -> Profiler:
        """What `fit(profile=...)` means: True, a folder for a trace, or a profiler.

        Raises:
            TypeError: It is something else.
        """
        if isinstance(profile, Profiler):
            return profile
        if profile is True:
            return cls()
        if isinstance(profile, (str, os.PathLike)):
            return cls(trace_dir=profile)
        raise errors.type_error(
            "`profile` of fit",
            expected="True, False, a folder for a trace, or a `Profiler`",
            received=profile,
            remedy="Pass profile=True to see a table of where the time goes.",
        )

    def watch(self, phase: Phase, watching: CallbackList) -> None:
        """Measure a training phase and what watches it; both are made for one run.

        Args:
            phase: Its source, step and hooks are replaced by measured ones.
            watching: The callbacks of the run.
        """
        clock = self._clock = Stopwatch(phase.step.plan.device)
        phase.source = _TimedSource(phase.source, clock)
        phase.batch_begin = [clock.timed("callbacks", hook) for hook in phase.batch_begin]
        phase.batch_end = [clock.timed("callbacks", hook) for hook in phase.batch_end]
        for name in ("on_epoch_begin", "on_epoch_end"):
            setattr(watching, name, clock.timed("callbacks", getattr(watching, name)))
        step: Any = phase.step
        step.program = program = copy.copy(step.program)
        program.training_step = clock.timed("forward", program.training_step)
        program.manual_step = clock.timed("train_step", program.manual_step)
        program.count = clock.timed("metrics", program.count, within="forward")
        if hasattr(step, "update"):  # the engine's own step, which has the parts apart
            step.precision = copy.copy(step.precision)
            step.precision.backward = clock.timed("backward", step.precision.backward)
            step.update = clock.timed("optimizer", step.update)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._clock is None:
            return
        if self.trace_dir is not None:
            self._trace = _trace(self.trace_dir, self.trace_batches)
            self._trace.start()
            self._clock.tracing = True
        self._clock.start()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._trace is not None:
            self._trace.step()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if self._clock is not None:
            self._clock.switch("validation")

    def on_test_end(self, logs: Logs | None = None) -> None:
        if self._clock is not None:
            self._clock.switch("other")

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._trace is not None:
            self._trace.stop()
        if self._clock is None:
            return
        self._clock.stop()
        self.times = _ordered(self._clock.seconds)
        self.device_times = _ordered(self._clock.device_seconds)
        calls = dict(self._clock.calls)
        self._clock = self._trace = None
        Console().print(self.table(calls))

    def table(self, calls: dict[str, int] | None = None) -> Table:
        """The times as a table of rich.

        Args:
            calls: Part to how often it ran, for the time of one.
        """
        shown = self.device_times or self.times
        whole = sum(shown.values()) or 1.0
        table = Table(title="Where the time goes", title_justify="left")
        for column in ("part", "calls", "wall s", *(["device s"] if self.device_times else []), "ms a call", "share"):
            table.add_column(column, justify="left" if column == "part" else "right")
        for part in shown:
            count = (calls or {}).get(part, 0)
            each = f"{1000 * shown[part] / count:.3f}" if count else ""
            device = [f"{self.device_times[part]:.3f}"] if self.device_times else []
            wall = f"{self.times.get(part, 0.0):.3f}"
            table.add_row(part, str(count or ""), wall, *device, each, f"{shown[part] / whole:.1%}")
        table.add_section()
        device = [f"{whole:.3f}"] if self.device_times else []
        table.add_row("total", "", f"{sum(self.times.values()):.3f}", *device, "", "100.0%")
        return table


def profiled(phase: Phase, watching: CallbackList, profile: Any, rank: int = 0) -> None:
    """What `fit` calls: measure a phase when that is asked for, on the first rank.

    Args:
        phase: The training phase.
        watching: The callbacks of the run; the profiler becomes one of them.
        profile: The argument of `fit`.
        rank: The process.

    Raises:
        TypeError: `profile` is none of what `Profiler.of` takes.
    """
    if profile is False or profile is None:
        return
    profiler = Profiler.of(profile)
    if rank == 0:
        profiler.watch(phase, watching)
        watching.append(profiler)
        # The hooks of batches were taken from the list when the phase was made.
        phase.batch_end = [*phase.batch_end, profiler.on_train_batch_end]


def _ordered(seconds: dict[str, float]) -> dict[str, float]:
    return {part: seconds[part] for part in PARTS if part in seconds}


def _trace(folder: str, batches: int) -> Any:
    schedule = torch.profiler.schedule(wait=1, warmup=1, active=batches, repeat=1)
    ready = torch.profiler.tensorboard_trace_handler(folder)
    return torch.profiler.profile(schedule=schedule, on_trace_ready=ready)


class _TimedSource(DataSource):
    """A source whose batches are waited for by the clock."""

    def __init__(self, source: DataSource, clock: Stopwatch) -> None:
        self.source, self.clock = source, clock
        self.num_batches, self.num_samples = source.num_batches, source.num_samples
        self.batch_size, self.promised = source.batch_size, source.promised

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        with self.clock.part("data"):
            waiting = iter(self.source.batches(epoch, start))
        while True:
            with self.clock.part("data"):
                batch = next(waiting, None)
            if batch is None:
                return
            yield batch

    def peek(self, epoch: int = 0) -> Batch:
        return self.source.peek(epoch)

    def state_dict(self) -> dict[str, Any]:
        return self.source.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.source.load_state_dict(state)

    def close(self) -> None:
        self.source.close()
