"""The state that a step changes, found from outside: tensors, and numbers that Python keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import nested
from kerastorch.engine.objective import RunningMean
from kerastorch.engine.program import Program
from kerastorch.engine.snapshot import RandomStates, Snapshot
from kerastorch.runtime.device import exact_dtype

PARAMETERS, OPTIMIZER, COUNTERS = "the parameters", "the state of the optimizer", "the optimizer's counters"
PLAIN = (int, float, bool, str, type(None))


def accumulators(program: Program) -> list[Any]:
    """The objects that accumulate the figures of a program, those that they hold too."""
    waiting, found = list(program.accumulators()), {}
    while waiting:
        one = waiting.pop(0)
        if id(one) not in found:
            found[id(one)] = one
            held = nested.flatten([v for v in vars(one).values() if not isinstance(v, Tensor)])
            waiting += [leaf for leaf in held if hasattr(type(leaf), "update_state")]
    return list(found.values())


class State:
    """What a training step reads and changes.

    Args:
        program: The program.
        optimizer: Its optimizer, whose state exists already.
        device: Where sums are kept that do not exist yet.
    """

    def __init__(self, program: Program, optimizer: torch.optim.Optimizer, device: torch.device) -> None:
        self.program, self.optimizer, self.device = program, optimizer, device
        figures = accumulators(program)
        self.means = [one for one in figures if isinstance(one, RunningMean)]
        for mean in self.means:
            if mean.total is None:
                mean.total = torch.zeros((), dtype=exact_dtype(device), device=device)
        modules = list(program.module.modules())
        self.groups = optimizer.param_groups
        self.names: list[str]
        self.tensors: list[Tensor]
        self.owners: list[dict[str, Any]] = [vars(one) for one in (*modules, *figures)]
        held: list[tuple[str, Tensor]] = [(PARAMETERS, tensor) for tensor in program.module.parameters()]
        held += [(f"the buffer `{name}`", tensor) for name, tensor in program.module.named_buffers()]
        for owner in (*self.groups, *optimizer.state.values()):
            held += [(OPTIMIZER if tensor.ndim else COUNTERS, tensor) for tensor in _tensors(owner)]
        for one in figures:
            held += [(f"the figure `{one.name}`", tensor) for tensor in _tensors(vars(one))]
        known = {id(tensor): (name, tensor) for name, tensor in reversed(held)}
        # A noisy gradient of one parameter may move it anywhere (Adam): parameters are looked at together.
        self.names, self.tensors = map(list, zip(*reversed(known.values()), strict=True))

    def values(self) -> list[Tensor]:
        """Copies of all tensors."""
        return [tensor.detach().clone() for tensor in self.tensors]

    def numbers(self, owners: Iterable[Mapping[str, Any]] | None = None) -> dict[tuple[int, str], Any]:
        """The plain values that objects keep: (which object, attribute) -> value."""
        owners = self.owners if owners is None else owners
        return {(i, key): v for i, owner in enumerate(owners) for key, v in owner.items() if isinstance(v, PLAIN)}


def _tensors(owner: Mapping[str, Any]) -> list[Tensor]:
    found = []
    for value in owner.values():
        leaves = value if isinstance(value, (list, tuple)) else (value,)
        found += [leaf for leaf in leaves if isinstance(leaf, Tensor)]
    return found


class Before:
    """The state before a trial, to which it can be brought back.

    Args:
        state: The state.
        *others: Other objects that a trial changes.
    """

    def __init__(self, state: State, *others: Any) -> None:
        self.state = state
        self.tensors = state.values()
        self.owners, self.groups = state.numbers(), state.numbers(state.groups)
        program = state.program
        self._copy = Snapshot(program.module, state.optimizer, *accumulators(program), *others, place=None)
        self._random = RandomStates(state.device)

    def restore(self) -> None:
        """Bring everything back."""
        self._copy.restore()
        self._random.restore()
