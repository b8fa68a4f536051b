"""`Resumable`: all of a run that must be written down for another process to go on to the same bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import chance, errors, nested
from kerastorch.base.sharded import has_shards, local, part_like
from kerastorch.checkpoint.plain import from_plain, to_plain
from kerastorch.data.source import DataSource
from kerastorch.engine.events import Observer
from kerastorch.engine.hidden import accumulators
from kerastorch.engine.state import RunState
from kerastorch.engine.step import Step
from kerastorch.random import SeedGenerator


class Resumable:
    """A run of training, seen as state.

    Args:
        state: The cursor.
        step: The training step, with its program.
        source: The training data.
        observer: Who watches; what they noted is part of the run.
    """

    def __init__(self, state: RunState, step: Step, source: DataSource, observer: Observer) -> None:
        self.state, self.step, self.source, self.observer = state, step, source, observer

    @property
    def about(self) -> dict[str, Any]:
        """Where the run stands, in a few plain values."""
        return {"epoch": self.state.epoch, "batch": self.state.batch, "step": self.state.step}

    def random(self) -> dict[str, Any]:
        """The random numbers of this process, as they will come."""
        return chance.state(self.step.plan.device)

    def capture(
        self, random: Mapping[str, Any] | None = None, whole: bool = True
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Copy everything, to the host.

        Args:
            random: The random numbers to note; default those of now.
            whole: Whether what is the same on all ranks is wanted from this one.

        Returns:
            What is this rank's own, and what is the same on all ranks: tensors and plain values.

        Raises:
            TypeError: Something has a state that a checkpoint cannot hold.
        """
        program = self.step.program
        shards, weights = has_shards(program.module), {}
        if shards or whole:
            weights = {"module": program.module.state_dict(), "stateful": self._stateful_states()}
        own = {
            "random": random or self.random(),
            "seeds": [seeds.get_state() for seeds in _seeds(program.module)],
            "source": self.source.state_dict(),
            "step": self.step.state_dict(),
        }
        if self.state.within_epoch:
            own["gradients"] = {
                name: parameter.grad
                for name, parameter in program.module.named_parameters()
                if parameter.grad is not None
            }
            own["figures"] = [_figure_state(one) for one in accumulators(program)]
        shared: dict[str, Any] = {}
        if whole:
            shared = {"run": self.state.state_dict(), "observer": self.observer.state_dict()}
        (own if shards else shared).update(weights)
        where = "The state of the run"
        return to_plain(own, where), to_plain(shared, where)

    def restore(self, own: Mapping[str, Any], shared: Mapping[str, Any]) -> None:
        """Take everything back, but for the random numbers of the process.

        Args:
            own: What `capture` gave on this rank.
            shared: What `capture` gave on rank 0.

        Raises:
            ValueError: The model, the optimizer or the data are others than those of the checkpoint.
        """
        own, shared = from_plain(own), from_plain(shared)
        program, weights = self.step.program, own if "module" in own else shared
        with torch.no_grad():
            _load_module(program.module, weights["module"])
            self._load_stateful(weights["stateful"])
            self._load_gradients(own.get("gradients", {}))
        for seeds, known in zip(_seeds(program.module), own["seeds"], strict=True):
            seeds.set_state(known)
        self.state.load_state_dict(shared["run"])
        self.source.load_state_dict(own["source"])
        self.step.load_state_dict(own["step"])
        self.observer.load_state_dict(shared["observer"])
        if "figures" in own:
            for one, known in zip(accumulators(program), own["figures"], strict=True):
                _load_figure(one, _onto(self.step.plan.device, known))

    def check_combined(self, own: Mapping[str, Any], path: Any) -> None:
        """Refuse what cannot go on with another number of ranks.

        Args:
            own: What is a rank's own.
            path: The checkpoint, for the error.

        Raises:
            ValueError: Weights are in parts; or there is a figure within an epoch that is no sum.
        """
        program = self.step.program
        if "module" in own or has_shards(program.module):
            raise _only_same(path, "weights of which each rank holds a part")
        for one in accumulators(program) if "figures" in own else ():
            if not _is_sum(one):
                raise _only_same(path, f"the figure {one.name!r} within an epoch, which is no sum over samples")

    # -- optimizers, schedulers -------------------------------------------------------------------------------------

    def _stateful_states(self) -> dict[str, Any]:
        names = {id(p): name for name, p in self.step.program.module.named_parameters()}
        found = {}
        for key, one in self.step.program.stateful().items():
            groups = getattr(one, "param_groups", ())
            found[key] = {
                "parameters": [[names.get(id(p)) for p in group["params"]] for group in groups],
                "state": one.state_dict(),
            }
        return found

    def _load_stateful(self, known: Mapping[str, Any]) -> None:
        there = self.step.program.stateful()
        if set(there) != set(known):
            raise _changed("objects with a state", sorted(known), sorted(there))
        parameters = dict(self.step.program.module.named_parameters())
        for key, one in there.items():
            names, state = known[key]["parameters"], known[key]["state"]
            if names and not one.param_groups and hasattr(one, "build"):  # made by the first update, which was before
                one.build([parameters[name] for group in names for name in group])
            if isinstance(one, torch.optim.Optimizer):
                _load_optimizer(one, key, state)
            else:
                one.load_state_dict(state)

    def _load_gradients(self, known: Mapping[str, Tensor]) -> None:
        for name, parameter in self.step.program.module.named_parameters():
            gradient = known.get(name)
            parameter.grad = None
            if gradient is not None:
                parameter.grad = part_like(gradient.to(local(parameter).device), parameter)


def combined(owns: Sequence[dict[str, Any]], rank: int, ranks: int) -> dict[str, Any]:
    """What is a rank's own, made from that of another number of ranks: sums are kept, random numbers begin anew.

    Args:
        owns: What `capture` gave on each rank.
        rank: The new rank.
        ranks: How many there are now.

    Returns:
        Rank 0 takes up the summed gradients and figures of all, the others begin with none. Gradients are averaged over
        the ranks in the end: those that wait for it count as many times as there are more ranks now.
    """
    made = {**owns[min(rank, len(owns) - 1)]}
    if "gradients" in made:
        names = sorted({name for own in owns for name in own["gradients"]}) if rank == 0 else []
        scale = ranks / len(owns)
        made["gradients"] = {
            name: sum(own["gradients"][name] for own in owns if name in own["gradients"]) * scale for name in names
        }
    if "figures" in made:
        parts = [own["figures"] for own in owns]
        made["figures"] = [_sum(one) for one in zip(*parts, strict=True)] if rank == 0 else _nothing(parts[0])
    return made


def _is_sum(figure: Any) -> bool:
    variables = getattr(figure, "variables", ())
    return not hasattr(figure, "combines") and all(getattr(v, "aggregation", "sum") == "sum" for v in variables)


def _only_same(path: Any, what: str) -> ValueError:
    return errors.value_error(
        f"`elastic=True` and the checkpoint {path}",
        expected="what another number of ranks can go on with",
        received=errors.Said(what),
        remedy="Go on with as many ranks as wrote it.",
    )


def _sum(states: Sequence[Any]) -> Any:
    first = states[0]
    if isinstance(first, dict):
        return {key: _sum([state[key] for state in states]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(_sum(parts) for parts in zip(*states, strict=True))
    summable = all(isinstance(state, (Tensor, int, float)) and not isinstance(state, bool) for state in states)
    return sum(states[1:], start=first) if summable else first


def _nothing(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _nothing(part) for key, part in state.items()}
    if isinstance(state, (list, tuple)):
        return type(state)(_nothing(part) for part in state)
    return state * 0 if isinstance(state, (Tensor, int, float)) and not isinstance(state, bool) else state


# -- one kind each ----------------------------------------------------------------------------------------------------


def _load_module(module: nn.Module, known: Mapping[str, Any]) -> None:
    there = module.state_dict()
    came = {name: tuple(value.shape) for name, value in known.items() if isinstance(value, Tensor)}
    wanted = {name: tuple(local(value).shape) for name, value in there.items() if isinstance(value, Tensor)}
    if came != wanted:
        missing = sorted(set(came.items()) ^ set(wanted.items()), key=str)[:4]
        raise _changed("weights", f"those of the checkpoint ({missing} differ)", type(module).__name__)
    if not has_shards(module):
        module.load_state_dict(dict(known))
        return
    for name, value in there.items():
        if isinstance(value, Tensor):
            local(value).copy_(known[name])


def _load_optimizer(optimizer: torch.optim.Optimizer, key: str, known: dict[str, Any]) -> None:
    flat = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    sizes = [len(group["params"]) for group in optimizer.param_groups]
    if [len(group["params"]) for group in known["param_groups"]] != sizes:
        raise _changed(f"the parameters of {key!r}", f"{known['param_groups']}"[:80], sizes)
    state = {}
    for index, values in known["state"].items():
        parameter = flat[index]
        parts = {
            name: part_like(value, parameter)
            if isinstance(value, Tensor) and value.shape == local(parameter).shape
            else value
            for name, value in values.items()
        }
        state[index] = parts
    optimizer.load_state_dict({**known, "state": state})
    for index, values in state.items():  # torch gives each the dtype of its parameter, which it may not have had
        held = optimizer.state[flat[index]]
        for name, value in values.items():
            if isinstance(value, Tensor) and held[name].dtype != value.dtype:
                held[name] = value.to(held[name].device)


def _seeds(module: nn.Module) -> Iterator[Any]:
    """The sources of random numbers that layers hold, in the order of the modules."""
    seen: set[int] = set()
    for part in module.modules():
        for value in list(vars(part).values()):
            for leaf in nested.flatten(value) if isinstance(value, (list, tuple, dict)) else (value,):
                if isinstance(leaf, (SeedGenerator, torch.Generator)) and id(leaf) not in seen:
                    seen.add(id(leaf))
                    yield leaf


def _figure_state(one: Any) -> Any:
    return one.state_dict() if hasattr(one, "state_dict") else {}


def _load_figure(one: Any, known: Any) -> None:
    if hasattr(one, "load_state_dict"):
        one.load_state_dict(known)


def _onto(device: torch.device, value: Any) -> Any:
    return nested.map_structure(lambda leaf: leaf.to(device) if isinstance(leaf, Tensor) else leaf, value)


def _changed(what: str, expected: Any, received: Any) -> ValueError:
    return errors.value_error(
        f"Resuming: {what}",
        expected=f"{expected}",
        received=errors.Said(str(received)),
        remedy="The model, `compile` and the data must be those of the run that wrote the checkpoint.",
    )
