"""The torch side of every optimizer: parameter groups, state, and the order of one update.

A step hands lists of tensors to torch's fused or foreach kernels. The lists (parameters and their state, one list
for each parameter group, device and dtype) are made once and kept, so that a step costs a handful of Python calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import profiler
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from kerastorch.base.sharded import is_sharded, name_of, spread

TRANSIENT = ("_buckets", "_finish", "_prepare", "step", "_zero_grad_profile_name")
FUSED_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Slot:
    """One state tensor a parameter has.

    Args:
        name: Keras's name for it ("velocity").
        key: Its key in `optimizer.state[parameter]`.
        fill: Its first value.
        offset: How much more the stored tensor is than Keras's (an epsilon that a kernel wants inside).
        lazy: Whether it is made only when it is needed.
    """

    name: str
    key: str
    fill: float = 0.0
    offset: float = 0.0
    lazy: bool = False


class Hyper:
    """A hyperparameter that lives in every parameter group under torch's key (`optimizer.beta_1`, group["betas"])."""

    def __init__(self, key: str, index: int | None = None) -> None:
        self.key, self.index = key, index

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        value = (optimizer.param_groups or [optimizer.defaults])[0][self.key]
        return value if self.index is None else value[self.index]

    def __set__(self, optimizer: Any, value: Any) -> None:
        for group in (optimizer.defaults, *optimizer.param_groups):
            if self.index is None:
                group[self.key] = value
            else:
                parts = list(group[self.key])
                parts[self.index] = value
                group[self.key] = tuple(parts)
        optimizer.refresh()


class Setting:
    """An attribute the kept lists depend on: setting it makes them anew before the next step."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        return self if optimizer is None else optimizer.__dict__[self.name]

    def __set__(self, optimizer: Any, value: Any) -> None:
        optimizer.__dict__[self.name] = value
        optimizer.refresh()


class Bucket:
    """Parameters that one kernel call updates, with their state.

    Args:
        group: The parameter group they belong to.
        params: The parameters: one device, one dtype.
        slots: One list of state tensors for each slot.
        step: The update counter that torch's kernels read, shared by all parameters.
        decayed: Whether weight decay applies to them.
        fused: Whether torch's fused kernels may be used: known device, parameters and state laid out alike.
    """

    __slots__ = ("decayed", "fused", "group", "params", "slots", "step", "steps", "subsets")

    def __init__(
        self,
        group: dict[str, Any],
        params: list[Tensor],
        slots: tuple[list[Tensor], ...],
        step: Tensor,
        decayed: bool,
        fused: bool,
    ) -> None:
        self.group, self.params, self.slots, self.step = group, params, slots, step
        self.steps = [step] * len(params)
        self.decayed, self.fused = decayed, fused
        self.subsets: dict[tuple[int, ...], Bucket] = {}

    def subset(self) -> Bucket:
        """The bucket of those parameters that have a gradient now."""
        chosen = tuple(i for i, p in enumerate(self.params) if p.grad is not None)
        if chosen not in self.subsets:
            params = [self.params[i] for i in chosen]
            slots = tuple([tensors[i] for i in chosen] for tensors in self.slots)
            self.subsets[chosen] = Bucket(self.group, params, slots, self.step, self.decayed, self.fused)
        return self.subsets[chosen]


class TorchOptimizer(torch.optim.Optimizer):
    """A `torch.optim.Optimizer` that may be made before its parameters are known, and updates bucket by bucket.

    Subclasses give `slot_rounds` (what state a parameter has) and `update` (the rule).
    """

    state: Any
    uses_step = False
    """Whether the kernels read `Bucket.step`."""
    decays_in_kernel = False
    """Whether the fused kernel applies weight decay itself."""
    fuses_shards = False
    """Whether the fused kernel takes shards of parameters too."""

    def __init__(self, defaults: dict[str, Any]) -> None:
        self._buckets: list[Bucket] | None = None
        self._schedule: Any = None
        super().__init__([{"params": []}], {"iterations": 0, **defaults})
        self.param_groups.clear()

    # What subclasses say.

    def slot_rounds(self) -> list[list[Slot]]:
        """The state of a parameter in Keras's order: a round lists slots that Keras interleaves per variable."""
        return []

    def extra_slots(self) -> list[Slot]:
        """State that is kept beside the rule's own (moving averages, accumulators)."""
        return []

    def make_slot(self, slot: Slot, param: Tensor) -> Tensor:
        """A new state tensor for `param`."""
        return torch.full_like(param, slot.fill, memory_format=torch.preserve_format, requires_grad=False)

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        """Update the parameters of a bucket with their gradients, in place."""
        raise NotImplementedError

    def is_decayed(self, param: Tensor, name: str | None) -> bool:
        """Whether weight decay applies to `param`."""
        return True

    def scheduled_rate(self) -> float:
        """The learning rate that the schedule wants for this step; asked only when there is one."""
        raise NotImplementedError

    def preparations(self) -> list[Callable[[list[Tensor]], None]]:
        """What is done to all gradients, in place, before the update."""
        return []

    def finishes(self) -> list[Callable[[], None]]:
        """What is done after the update."""
        return []

    # The kept lists.

    def refresh(self) -> None:
        """Forget the kept lists; the next step makes them anew."""
        self._buckets = None

    def _make_buckets(self) -> list[Bucket]:
        self._buckets = [bucket for group in self.param_groups for bucket in self._group_buckets(group)]
        self._prepare, self._finish = self.preparations(), self.finishes()
        return self._buckets

    def _group_buckets(self, group: dict[str, Any]) -> Iterator[Bucket]:
        names = group.get("param_names") or [name_of(p) for p in group["params"]]
        sorted_params: dict[Any, list[Tensor]] = {}
        for param, name in zip(group["params"], names, strict=True):
            self._fill_state(param)
            key = (param.device, param.dtype, self.is_decayed(param, name), self._fusable(param))
            sorted_params.setdefault(key, []).append(param)
        keys = [slot.key for round_ in self.slot_rounds() for slot in round_]
        for (device, _, decayed, fused), params in sorted_params.items():
            step = self._shared_step(params, device, group["iterations"])
            slots = tuple([self.state[p][key] for p in params] for key in keys)
            yield Bucket(group, params, slots, step, decayed, fused)

    def _fill_state(self, param: Tensor) -> None:
        """Make the state that is missing; move and cast what there is after a parameter was moved or cast."""
        state = self.state[param]
        for slot in (*self.extra_slots(), *(slot for round_ in self.slot_rounds() for slot in round_)):
            if slot.key in state:
                state[slot.key] = state[slot.key].to(device=param.device, dtype=param.dtype)
            elif not slot.lazy:
                state[slot.key] = self.make_slot(slot, param)

    def _fusable(self, param: Tensor) -> bool:
        # Torch's fused kernels walk memory as it lies: every tensor of a parameter must lie the same way.
        if param.device.type not in FUSED_DEVICES or (is_sharded(param) and not self.fuses_shards):
            return False
        return param.is_contiguous() or torch.empty_like(param, device="meta").stride() == param.stride()

    def _shared_step(self, params: list[Tensor], device: torch.device, iterations: int) -> Tensor:
        step: Tensor | None = self.state[params[0]].get("step")
        if step is None or step.device != device:
            step = torch.full((), float(iterations), dtype=torch.float32, device=device)
        if self.uses_step:
            for param in params:
                self.state[param]["step"] = step
        return step

    # One update.

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: Whether to drop the tensors, or to fill them with zeros.
        """
        if not set_to_none or profiler._is_profiler_enabled:
            super().zero_grad(set_to_none)
            return
        for group in self.param_groups:
            for param in group["params"]:
                param.grad = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Args:
            closure: Computes the loss and the gradients anew; called first when given.

        Returns:
            What `closure` returned, or None.
        """
        if (
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _global_optimizer_pre_hooks
            or _global_optimizer_post_hooks
            or profiler._is_profiler_enabled
        ):
            return self._watched_step(closure)
        return self._step(closure)

    # Torch wraps `step` of every optimizer class with hooks and a profiler range, whether or not somebody uses them;
    # the mark says that this one sees to both itself.
    step.hooked = True  # type: ignore[attr-defined]

    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        enabled = torch.is_grad_enabled()
        torch._C._set_grad_enabled(False)  # what torch.no_grad() does, without its four Python calls
        try:
            self._update_all()
        finally:
            torch._C._set_grad_enabled(enabled)
        return loss

    _watched_step = torch.optim.Optimizer.profile_hook_step(_step)

    def _update_all(self) -> None:
        """Learning rate, gradients, clipping, weight decay, the rule, what comes after."""
        work = self._work()
        if not work:
            return
        if self._schedule is not None:
            self.write_rate(self.scheduled_rate())
        for prepare in self._prepare:
            prepare([grad for _, grads in work for grad in grads])
        for bucket, grads in work:
            if bucket.decayed and bucket.group["weight_decay"] and not (self.decays_in_kernel and bucket.fused):
                torch._foreach_mul_(bucket.params, 1.0 - bucket.group["lr"] * bucket.group["weight_decay"])
            self.update(bucket, grads)
        for finish in self._finish:
            finish()
        self.count()

    def _work(self) -> list[tuple[Bucket, list[Tensor]]]:
        """The parameters that have gradients, with them."""
        buckets = self._buckets
        if buckets is None:
            buckets = self._make_buckets()
        work = []
        for bucket in buckets:
            grads = [grad for param in bucket.params if (grad := param.grad) is not None]
            if len(grads) == len(bucket.params):
                work.append((bucket, grads))
            elif grads:
                work.append((bucket.subset(), grads))
        return work

    def count(self) -> None:
        """Note that one more update is done."""
        for group in self.param_groups:
            group["iterations"] += 1

    def write_rate(self, rate: float) -> None:
        """Give the groups a learning rate; groups with another rate than the first keep their ratio to it."""
        first = self.param_groups[0]["lr"] if self.param_groups else None
        for group in self.param_groups[1:]:
            group["lr"] = rate if not first or group["lr"] == first else group["lr"] * (rate / first)
        for group in (self.defaults, *self.param_groups[:1]):
            group["lr"] = rate

    # Copies and saved state.

    def __getstate__(self) -> dict[str, Any]:
        hidden = (*TRANSIENT, *(name for name in self.__dict__ if name.startswith("_optimizer_")))
        return {name: value for name, value in self.__dict__.items() if name not in hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        before = self.__dict__.get("state", {})
        super().__setstate__(state)
        self._buckets = None
        for param, entries in self.state.items():
            self._keep_tensors(before.get(param, {}), entries)
        for group in self.param_groups:
            self._complete_group(group)

    @staticmethod
    def _keep_tensors(before: dict[str, Any], loaded: dict[str, Any]) -> None:
        """Load into the tensors that are there, so that whoever holds one of them sees the loaded values."""
        for key, value in loaded.items():
            kept = before.get(key)
            if isinstance(kept, Tensor) and isinstance(value, Tensor) and kept.shape == value.shape:
                loaded[key] = kept.copy_(spread(value, kept))

    def _complete_group(self, group: dict[str, Any]) -> None:
        """Add what the state of another torch optimizer does not say."""
        if "iterations" not in group:
            steps = [self.state[p]["step"] for p in group["params"] if "step" in self.state.get(p, {})]
            group["iterations"] = int(steps[0]) if steps else 0
        for key, value in self.defaults.items():
            if key != "differentiable":  # torch puts it there while it loads; no group had it before
                group.setdefault(key, value)
