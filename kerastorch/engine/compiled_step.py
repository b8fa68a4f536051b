"""The compiled training step: forward pass, loss, backward pass, update and figures as one graph.

The first batch of a shape runs as it is, which makes everything that is made late. At the second one the step is
recorded and compiled; from the same copied state both are run, and only if they agree does the compiled one go on.
Where something stands against it, the reason is said once and the step stays as it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, nested
from kerastorch.data.batch import Batch
from kerastorch.engine.agreement import Disagreement, Outcome, tolerance
from kerastorch.engine.captured import started
from kerastorch.engine.hidden import Before, State
from kerastorch.engine.objective import RunningMean
from kerastorch.engine.program import Program
from kerastorch.engine.recordable import recordable
from kerastorch.engine.recording import Number, Slots, record
from kerastorch.engine.state import RunState
from kerastorch.engine.step import TrainStep
from kerastorch.optimizers.core import TorchOptimizer
from kerastorch.runtime import settings
from kerastorch.runtime.plan import Plan

OPTIONS: dict[str, Any] = {"fallback_random": True}
"""Options of Inductor: random numbers are torch's own, the same seed gives the same masks."""

RETRIES = 3
_NO_MEAN = RunningMean("")
_log = logging.getLogger("kerastorch")


class CompiledStep(TrainStep):
    """A training step that becomes one compiled graph after its first batch.

    Batches of other shapes than the first of an epoch (a short last one) run as they are, on the same state.

    Args:
        program: What is trained.
        plan: The run options.
        state: The cursor.
        say: Where a line goes that says what compiling cost; default a logger.
    """

    def __init__(self, program: Program, plan: Plan, state: RunState, say: Callable[[str], Any] | None = None) -> None:
        super().__init__(program, plan, state)
        self.say = say or _log.info
        self.cache: Cache = vars(program).setdefault("compiled_steps", Cache())
        self.current: Compiled | None = None

    @contextmanager
    def session(self, start: int = 0) -> Iterator[None]:
        with super().session(start):
            self.current = None
            yield

    def __call__(self, batch: Batch) -> None:
        leaves = leaves_of(batch)
        if self.current is not None and self.current.fits(leaves):
            self.current(leaves)
            self.state.step += 1
        elif self.current is not None or self.cache.refused:
            super().__call__(batch)
        else:
            self._begin(batch, leaves)

    def _begin(self, batch: Batch, leaves: list[Tensor]) -> None:
        """The first batch of an epoch: take up what was compiled, or compile at the second batch of one shape."""
        shape = signature(leaves)
        found = self.cache.find(self, shape)
        if found is not None:
            self.current = found
            self(batch)
        elif self.cache.seen != shape:
            self.cache.seen = shape
            super().__call__(batch)
        elif self._may_compile():
            self.compile(batch, leaves)
        else:
            super().__call__(batch)

    def _may_compile(self) -> bool:
        try:
            self.cache.check(self)
        except Disagreement as error:
            self._refuse(error)
        return not self.cache.refused

    def compile(self, batch: Batch, leaves: list[Tensor]) -> None:
        """Compile the step, and train on `batch` with it; or without it, and say why."""
        began = time.perf_counter()
        before = Before(State(self.program, self.optimizer, self.plan.device), self.precision, self.state)
        plain = super().__call__
        try:
            plain(batch)
            after = Outcome(before.state, self.program)
            compiled = Compiled(self, before, after, lambda: plain(batch), leaves)
            for _ in range(2):  # a captured graph is made at the second call
                before.restore()
                compiled(leaves)
            Outcome(before.state, self.program).check(before, after, tolerance(self.precision.name, self.plan.device))
        except Exception as error:  # a compiler may fail in any way
            before.restore()
            self._refuse(error)
            plain(batch)
            return
        self.state.step += 1
        self.cache.keep(compiled)
        self.current, seconds = compiled, time.perf_counter() - began
        self.cache.seconds += seconds
        self.say(f"jit_compile: the training step was compiled in {seconds:.1f} s.")

    def _refuse(self, error: Exception) -> None:
        text = str(error).strip().splitlines()
        reason = text[0][:300] if text else "no reason given"
        if not isinstance(error, Disagreement):
            reason = f"{type(error).__name__}: {reason}"
        self.cache.refused = reason
        self.strategy.warn(f"jit_compile: the training step goes on without being compiled. {reason}")


class Cache:
    """The compiled steps of a program: they outlive an epoch and a `fit`."""

    def __init__(self) -> None:
        self.kept: list[Compiled] = []
        self.refused: str | None = None
        self.seconds = 0.0
        self.made = 0
        self.seen: Any = None

    def find(self, step: CompiledStep, shape: Any) -> Compiled | None:
        """A compiled step for batches of a shape, if nothing that it depends on has changed."""
        chosen = [one for one in self.kept if one.shape == shape and one.optimizer is step.optimizer]
        for compiled in chosen:
            if compiled.bind(step):
                return compiled
            self.kept.remove(compiled)
        return None

    def keep(self, compiled: Compiled) -> None:
        """Keep a compiled step."""
        self.kept.append(compiled)
        self.made += 1

    def check(self, step: CompiledStep) -> None:
        """Refuse what is known not to be compiled.

        Raises:
            Disagreement: With the reason.
        """
        plan = step.plan
        changing = self.made - len(self.kept) > RETRIES
        for refused, subject, received in (
            (plan.accumulate > 1, "one update a batch", f"accumulate_grad_batches={plan.accumulate}"),
            (plan.strategy.ranks > 1, "one device", f"{plan.strategy.ranks} devices"),
            (hasattr(plan.precision, "scaler"), "updates that are never skipped", "float16, which skips some"),
            (changing, "layers that stay as they are", "attributes that change between epochs"),
        ):
            if refused:
                raise Disagreement(errors.message("A compiled step", expected=subject, received=errors.Said(received)))


class Compiled:
    """One compiled graph, and what happens on the host around it.

    Args:
        step: The step that is compiled.
        before: The state as it was before a plain step, to which it is brought back.
        after: What the plain step made of it. The recording goes on from there: what it takes for constant although
            it changes is found out when the compiled step runs from `before`.
        plain: Runs the step as it is.
        leaves: The tensors of the batch.
    """

    def __init__(
        self, step: CompiledStep, before: Before, after: Outcome, plain: Callable[[], None], leaves: list[Tensor]
    ) -> None:
        self.step, self.optimizer, self.shape = step, step.optimizer, signature(leaves)
        self.own = self.optimizer if isinstance(self.optimizer, TorchOptimizer) else None
        self.slots = Slots(step.plan.device)
        state = before.state
        changing = {key for (index, key), was in before.groups.items() if after.groups.get((index, key)) != was}
        self._host_rate()
        with recordable(self.optimizer, changing | {"lr"}) as count:
            graph = record([plain, count], [*leaves, *state.tensors], self.slots)
            self.later = [
                (state.groups[index], key, type(before.groups[index, key]), number.compute)
                for (index, key), number in state.numbers(state.groups).items()
                if key in changing and isinstance(number, Number)
            ]
        before.restore()
        self.counts = _differences(state, before, after)
        self._bound(state)
        self.depends = self._what_it_depends_on(state)
        with torch.no_grad():
            examples = [*(leaf.detach() for leaf in leaves), *self.inputs, self.slots.tensor]
            call: Callable[..., Any] = torch._inductor.compile(graph, examples, options=OPTIONS)  # type: ignore[arg-type]
        self.call = started(call, len(leaves), step.plan.device, graph, examples)

    # -- a step -----------------------------------------------------------------------------------------------------

    def fits(self, leaves: list[Tensor]) -> bool:
        """Whether a batch has the shapes that were compiled."""
        return signature(leaves) == self.shape

    def __call__(self, leaves: list[Tensor]) -> None:
        """Train on a batch."""
        if [tensor.data_ptr() for tensor in self.tensors] != self.places or self.mean.total is not self.total:
            self._bound(self._state(self.step))
        self._host_rate()
        self.slots.write()
        enabled = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)
        try:
            self.call(*leaves, *self.inputs, self.slots.tensor)
        finally:
            torch._C._set_grad_enabled(enabled)
        values = [compute() for *_, compute in self.later]
        for (group, key, kind, _), value in zip(self.later, values, strict=True):
            group[key] = kind(value)
        for owner, key, more in self.counts:
            owner[key] += more

    def _host_rate(self) -> None:
        """A schedule's rate for the step that comes."""
        if self.own is not None and self.own._schedule is not None:
            self.own.write_rate(self.own.scheduled_rate())

    # -- what it is tied to -----------------------------------------------------------------------------------------

    def _state(self, step: CompiledStep) -> State:
        """The state as it is now. Sums that begin again do so where they were: a captured graph holds their places."""
        for mean, kept in self.sums:
            if mean.total is None and kept is not None:
                mean.total = kept.zero_()
        return State(step.program, step.optimizer, step.plan.device)

    def _bound(self, state: State) -> None:
        """Take the tensors as they are now."""
        self.sums = [(mean, mean.total) for mean in state.means]
        self.tensors = state.tensors
        self.inputs = [tensor.detach() for tensor in state.tensors]
        self.places = [tensor.data_ptr() for tensor in state.tensors]
        self.mean = (state.means or [_NO_MEAN])[0]
        self.total = self.mean.total

    def _what_it_depends_on(self, state: State) -> Any:
        counted = {(id(owner), key) for owner, key, _ in self.counts}
        later = {(id(group), key) for group, key, *_ in self.later}
        plain = [
            value
            for (index, key), value in state.numbers().items()
            if not key.startswith("_") and (id(state.owners[index]), key) not in counted
        ]
        for (i, k), value in state.numbers(state.groups).items():
            if k not in ("lr", "initial_lr") and (id(state.groups[i]), k) not in later:
                plain.append(value)
        return plain, signature(state.tensors), [t.requires_grad for t in state.tensors], settings.float32()

    def bind(self, step: CompiledStep) -> bool:
        """Take the state as it is at the beginning of an epoch; False if the graph does not suit it any more."""
        state = self._state(step)
        if self._what_it_depends_on(state) != self.depends:
            return False
        self.step = step
        self._bound(state)
        return True


def _differences(state: State, before: Before, after: Outcome) -> list[tuple[dict[str, Any], str, Any]]:
    """What a step adds to the numbers that modules and metrics keep in Python."""
    found = []
    for (index, key), now in after.owners.items():
        was = before.owners.get((index, key))
        if now != was:
            if not isinstance(now, (int, float)) or not isinstance(was, (int, float)):
                raise Disagreement(f"The step changes an object's attribute {key!r} from {was!r} to {now!r}.")
            found.append((state.owners[index], key, now - was))
    return found


def leaves_of(batch: Batch) -> list[Tensor]:
    """The tensors of a batch, in order."""
    if type(batch.x) is Tensor and type(batch.y) is Tensor and batch.sample_weight is None:
        return [batch.x, batch.y]
    parts = (batch.x, batch.y, batch.sample_weight)
    return [leaf for part in parts for leaf in nested.flatten(part) if isinstance(leaf, Tensor)]


def signature(tensors: Sequence[Tensor]) -> list[Any]:
    """What a graph is compiled for: shapes, strides, dtypes."""
    return [(tensor.shape, tensor.stride(), tensor.dtype) for tensor in tensors]
