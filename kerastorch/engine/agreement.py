"""Whether a compiled step does what the plain one does: both from the same state, all that they change compared."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from kerastorch.engine.hidden import Before, State
from kerastorch.engine.program import Program
from kerastorch.runtime import settings

_CPU = torch.device("cpu")


class Disagreement(RuntimeError):
    """A compiled step cannot stand for the plain one."""


class Outcome:
    """What one step made of the state.

    Args:
        state: The state.
        program: Tells the figures.
    """

    def __init__(self, state: State, program: Program) -> None:
        self.tensors = state.values()
        self.owners, self.groups = state.numbers(), state.numbers(state.groups)
        self.figures = set(program.results())

    def check(self, before: Before, wanted: Outcome, share: float) -> None:
        """Compare this outcome of the compiled step with that of the plain one.

        Args:
            before: The state before.
            wanted: The outcome of the plain step.
            share: How far they may be apart, as a share of the change.

        Raises:
            Disagreement: They give different losses, figures or parameters.
        """
        if (self.figures, self.owners, self.groups) != (wanted.figures, wanted.owners, wanted.groups):
            raise Disagreement("On the first batch, the compiled step counts differently than the plain one.")
        changes: dict[str, list[float]] = {}
        tensors = zip(before.state.names, before.tensors, self.tensors, wanted.tensors, strict=True)
        for name, *values in tensors:
            then, now, goal = (_comparable(value) for value in values)
            sums = changes.setdefault(name, [0.0, 0.0, 0.0])
            for i, part in enumerate((now - goal, goal - then, goal)):
                sums[i] += float(part.abs().square().sum())
        for name, sums in changes.items():
            off, moved, size = map(math.sqrt, sums)
            if off > share * moved + 1e-6 * size:
                raise Disagreement(
                    f"On the first batch, the compiled step changes {name} differently than the plain one: "
                    f"by {off:.3g} more or less, where the change is {moved:.3g}."
                )


def _comparable(tensor: Tensor) -> Tensor:
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64).nan_to_num()


def tolerance(precision: str, device: torch.device = _CPU) -> float:
    """How far a compiled update may be from the plain one, as a share of the update.

    Args:
        precision: The precision's name.
        device: Where it computes: TensorFloat-32, which cuDNN's convolutions use unless told otherwise, rounds products
            to 10 bits, and Adam makes whole steps of the smallest gradients.

    Example:
        >>> tolerance("32"), tolerance("bf16-mixed")
        (0.01, 0.2)
    """
    return {"32": 0.1 if settings.rounds_products(device) else 0.01, "64": 1e-4}.get(precision, 0.2)
