"""`GuardedStep`: a training step that ends the run before an update that is not finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import chance, errors
from kerastorch.base.sharded import local
from kerastorch.data.batch import Batch
from kerastorch.engine.choice import train_step_for
from kerastorch.engine.nonfinite import NOTHING, Finding, in_batch, in_forward, in_gradients, is_finite
from kerastorch.engine.program import Program
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step, TrainStep
from kerastorch.runtime.plan import Plan

Samples = Callable[[int, int], Sequence[int] | None]
_SHOWN = 10


@dataclass
class _Held:
    """A batch that waits for its update."""

    batch: Batch
    index: int
    loss: Tensor
    drawn: dict[str, Any]


class GuardedStep(TrainStep):
    """A training step that raises when a loss or a gradient is NaN or infinite, before it reaches the parameters.

    Looked at are the losses of the window's batches and its gradients, once these are complete and reduced over the
    ranks: all ranks stop at the same update with the same error. Parameters and the optimizer's state are those before
    the update; buffers, such as running statistics, those before the window's first batch.

    Each update costs one reduction, one copy of the buffers and one number read by the host, which waits for the
    device; with several ranks also one message of one number. The batches of a window are kept until its update.

    A gradient that overflowed because the loss is scaled (`precision="16-mixed"`) is no error: that update is left out
    and the scale falls. It is one when it comes without a scale (<= 1); a loss that is not finite always is.

    Args:
        program: What to train.
        plan: How.
        state: The cursor.
        samples: Gives the numbers, in the data, of this rank's samples of a batch: (epoch, batch) -> numbers or None.
    """

    def __init__(self, program: Program, plan: Plan, state: RunState, samples: Samples = lambda epoch, batch: None):
        super().__init__(program, plan, state)
        self.samples = samples
        self.held: list[_Held] = []
        self.buffers = _Buffers(program.module)

    def __call__(self, batch: Batch) -> None:
        if not self.held:
            self.buffers.keep()
        drawn = chance.torch_state(self.plan.device)  # Python's and NumPy's would take 20 times as long
        self.strategy.sync_gradients(self.window.last)
        with self.precision.context():
            loss = self.program.training_step(batch)
        self.held.append(_Held(batch, self.state.batch, loss.detach().reshape(()), drawn))
        self.precision.backward(self.window.weigh(loss, batch))
        if self.window.closes(batch):
            self.update()

    def update(self) -> None:
        """Change the parameters, if all is finite.

        Raises:
            FloatingPointError: It is not.
        """
        gradients = [local(p.grad) for p in self.parameters if p.grad is not None]
        losses = [held.loss for held in self.held]
        norms = torch._foreach_norm(gradients, 2) if gradients else ()
        total = torch.stack([value.float() for value in (*losses, *norms)]).sum()  # NaN and infinities survive a sum
        self.strategy.sum_everywhere_(total)
        if not math.isfinite(total.item()):
            self._judge(gradients)
        super().update()
        self.held.clear()

    def _judge(self, gradients: Sequence[Tensor]) -> None:
        """Raise, unless the sum alone overflowed, or the precision answers for its gradients."""
        flags = [float(not all(map(is_finite, gradients))), *(float(not is_finite(h.loss)) for h in self.held)]
        bad = torch.tensor(flags, device=self.plan.device)
        self.strategy.sum_everywhere_(bad)
        gradient, *losses = bad.tolist()
        if not any(losses) and (not gradient or self.precision.forgives()):
            return
        guilty = next((index for index, loss in enumerate(losses) if loss), None)
        finding, held = self._find(guilty)
        text = self._tell(finding, held, guilty is not None) if finding is not None else ""
        order = NOTHING if finding is None else finding.order
        self.buffers.restore()
        self.optimizer.zero_grad()
        raise FloatingPointError(self._earliest(order, text))

    def _find(self, guilty: int | None) -> tuple[Finding | None, _Held | None]:
        """What was not finite on this rank; the batches of a window with a bad loss are looked at in step."""
        if guilty is None:
            for held in self.held:
                finding = in_batch(held.batch)
                if finding is not None:
                    return finding, held
            return in_gradients(self.program.module), self.held[-1] if self.held else None
        held = self.held[guilty]
        now = chance.state(self.plan.device)
        self.buffers.restore()
        chance.restore({**now, **held.drawn})
        finding = in_forward(self.program, self.precision, held.batch)  # all ranks: there may be collectives within
        chance.restore(now)
        if is_finite(held.loss):
            return None, held
        return in_batch(held.batch) or finding, held

    def _earliest(self, order: float, text: str) -> str:
        """The text of the rank on which it began."""
        strategy = self.strategy
        orders = torch.zeros(strategy.ranks, dtype=torch.float32, device=self.plan.device)
        orders[strategy.rank] = min(order, 1e9)
        strategy.sum_everywhere_(orders)
        first = int(orders.argmin())
        return strategy.any(text if strategy.rank == first else None) or text

    def _tell(self, finding: Finding, held: _Held | None, loss: bool) -> str:
        """The error: when, where, which samples, which tensor."""
        state, strategy = self.state, self.strategy
        index = state.batch if held is None else held.index
        came = f"a loss of {float(held.loss)}" if held is not None and loss else "gradients that are not finite"
        where = f"epoch {state.epoch}, batch {index}, step {state.step}, rank {strategy.rank}"
        told = f"{came} in {where} (each from 0). The first that is not finite is {finding.where}"
        if finding.rows:
            told += f", in {_listed('row', finding.rows)} of the batch"
            numbers = self.samples(state.epoch, index)
            if numbers is not None:
                told += f" ({_listed('sample', [numbers[row] for row in finding.rows])} of the data)"
        return errors.message(
            'fit with on_nonfinite="raise"',
            expected="finite losses and gradients",
            received=errors.Said(told),
            remedy="Parameters, optimizer and buffers are as they were before this update.",
        )


class _Buffers:
    """The buffers of a module, kept to be put back."""

    def __init__(self, module: nn.Module) -> None:
        self.homes = [m._buffers for m in module.modules() if m._buffers]
        self.tensors: list[Tensor] = []
        self.copies: list[Tensor] = []

    @torch.no_grad()
    def keep(self) -> None:
        """Copy them."""
        tensors = [t for home in self.homes for t in home.values() if t is not None]
        if len(tensors) == len(self.tensors) and all(map(_same, tensors, self.tensors)):
            if tensors:
                torch._foreach_copy_(self.copies, tensors)
        else:
            self.tensors, self.copies = tensors, [t.detach().clone() for t in tensors]

    @torch.no_grad()
    def restore(self) -> None:
        """Put the values back."""
        for tensor, copy in zip(self.tensors, self.copies, strict=True):
            tensor.copy_(copy)


def _same(a: Tensor, b: Tensor) -> bool:
    return a is b


def _listed(what: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_SHOWN])
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"{what}{'s' if len(numbers) > 1 else ''} {shown}{more}"


def step_on_nonfinite(on_nonfinite: str, make: Callable[..., Step], samples: Samples) -> Callable[..., Step]:
    """What makes the training step for `fit(on_nonfinite=...)`.

    Args:
        on_nonfinite: "ignore": training goes on. "raise": see `GuardedStep`.
        make: What makes it otherwise.
        samples: See `GuardedStep`.

    Raises:
        ValueError: It is neither.

    Example:
        >>> step_on_nonfinite("ignore", train_step_for, lambda epoch, batch: None) is train_step_for
        True
    """
    if on_nonfinite not in ("ignore", "raise"):
        raise errors.unknown_name("`on_nonfinite` of fit", on_nonfinite, ("ignore", "raise"))
    if on_nonfinite == "ignore":
        return make

    def guarded(program: Program, plan: Plan, state: RunState, say: Callable[[str], Any] | None = None) -> Step:
        for refused, beside, remedy in (
            (program.manual, "an own `train_step`", "Look at the loss inside `train_step`, or use TerminateOnNaN."),
            (plan.jit_compile, "jit_compile=True", "Compile the model without jit_compile to find where it begins."),
            (make is not train_step_for, 'on_oom="split"', 'Leave `on_oom` at "raise".'),
        ):
            if refused:
                raise errors.value_error(
                    f"`on_nonfinite` of fit beside {beside}", expected='"ignore"', received=on_nonfinite, remedy=remedy
                )
        return GuardedStep(program, plan, state, samples)

    return guarded
