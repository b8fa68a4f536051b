"""What strategies have in common under which each rank holds a part of the weights."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from kerastorch.base import nested
from kerastorch.base.sharded import is_sharded
from kerastorch.runtime.ddp import DataParallel
from kerastorch.runtime.world import World

# What a variable knows beside its values, and its shard must know too.
_KNOWN = ("keras_layout", "regularizer", "constraint", "path", "is_buffer")


class Sharded(DataParallel):
    """The base of these strategies: the backward pass itself brings each part its gradient.

    Args:
        device: This rank's device.
        world: The ranks.
        timeout: Seconds that a rank waits for the others.
    """

    in_pieces = False  # every forward and backward pass is one that all ranks make together

    def __init__(self, device: torch.device, world: World, *, timeout: float = 1800.0) -> None:
        super().__init__(device, world, timeout=timeout)
        self.whole_graph = False
        self.root: nn.Module | None = None

    def distribute(self, module: nn.Module) -> list[tuple[Tensor, Tensor]]:
        """Cut the weights of a built module into parts; each weight with the one that stands for it from now on."""
        self.root = module
        before = dict(module.named_parameters())
        if not before or any(map(is_sharded, before.values())):
            return []
        self.cut(module)
        after = dict(module.named_parameters())
        for name, parameter in before.items():
            carry_over(parameter, after[name])
        return [(parameter, after[name]) for name, parameter in before.items()]

    def cut(self, module: nn.Module) -> None:
        """Put parts in the place of a module's parameters."""
        raise NotImplementedError

    def entered(self, module: nn.Module, name: str) -> Callable[..., Any]:
        method = getattr(module, name)

        @functools.wraps(method)
        def enter(*args: Any) -> Any:
            def forward(*args: Any) -> Any:
                del module.__dict__["forward"]
                with _without_hooks(module):  # the method may call the module: its weights are there already
                    return method(*args)

            module.__dict__["forward"] = forward
            return module(*args)  # only a call of the module gathers its weights

        return enter

    def wrap(self, module: nn.Module) -> nn.Module:
        return self.replicate(module)

    def replicate(self, module: nn.Module) -> nn.Module:
        return module

    def sync_gradients(self, last: bool) -> None:
        """The gradients of every batch are exchanged."""

    def reduce_gradients(self, parameters: Sequence[Tensor]) -> None:
        """They are exchanged already."""

    @contextmanager
    def manual_gradients(self, share: Callable[[], float]) -> Iterator[None]:
        if self.root is None:
            yield
            return
        handle = self.root.register_forward_hook(lambda module, args, outputs: scale_gradients(outputs, share()))
        try:
            yield
        finally:
            handle.remove()

    def whole(self, state: Any) -> Any:
        if isinstance(state, dict):
            return {key: self.whole(value) for key, value in state.items()}
        if isinstance(state, (list, tuple)):
            return type(state)(self.whole(value) for value in state)
        if not is_sharded(state):
            return state
        full = state.full_tensor()
        return full.cpu() if self.rank == 0 else full.new_empty(0)  # one whole model on a machine is enough


@contextmanager
def _without_hooks(module: nn.Module) -> Iterator[None]:
    hooks = module._forward_pre_hooks, module._forward_hooks
    module._forward_pre_hooks, module._forward_hooks = OrderedDict(), OrderedDict()
    try:
        yield
    finally:
        module._forward_pre_hooks, module._forward_hooks = hooks


def scale_gradients(outputs: Any, factor: float) -> None:
    """Let the gradients that come back into a module through its outputs be multiplied.

    Args:
        outputs: A nested structure of tensors.
        factor: By what.

    Example:
        >>> x = torch.ones(1, requires_grad=True)
        >>> y = x * 1
        >>> scale_gradients(y, 0.5)
        >>> y.backward()
        >>> x.grad
        tensor([0.5000])
    """
    if factor == 1.0:
        return
    for leaf in nested.flatten(outputs):
        if isinstance(leaf, Tensor) and leaf.requires_grad:
            leaf.register_hook(lambda gradient: gradient * factor)  # type: ignore[no-untyped-call]


def carry_over(before: Tensor, after: Tensor) -> None:
    """Let a shard know what its variable knew."""
    for key in _KNOWN:
        if hasattr(before, key):
            setattr(after, key, getattr(before, key))
    after.variable_name = getattr(before, "name", None)  # type: ignore[attr-defined]
