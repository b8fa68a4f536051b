"""Which objects of a model have values in a file, and where: the paths that Keras 3 uses.

Keras visits attributes in alphabetical order, private ones last, each object once; things in lists and dicts are named
by their class ("dense", "dense_1"), since names of layers differ from run to run. Sequential and functional models
start with their layers. A plain torch module stands where Keras would have put a `TorchModuleWrapper` around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import nn

from kerastorch.base import naming, registry
from kerastorch.nn.layer import Layer
from kerastorch.nn.masks import ComputeMask
from kerastorch.nn.tracking import TrackedDict, TrackedList

_CONTAINERS = (list, tuple, dict)
_OURS = ("kerastorch.nn.", "kerastorch.models.", "torch.")
# What a model has beyond a layer, and Keras looks into.
_MODEL_CHILDREN = {"layers", "optimizer"}


@dataclass(frozen=True)
class Entry:
    """An object with values of its own.

    Attributes:
        path: The group in the file, such as "layers/dense"; empty for the model itself.
        owner: A layer, a plain torch module, or an optimizer.
    """

    path: str
    owner: Any


def entries(model: Any) -> list[Entry]:
    """The objects of a model that have a place in its file, in the order in which Keras visits them.

    Args:
        model: A model or a layer.

    Example:
        >>> from torch import nn
        >>> class Pair(Layer):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.second, self.first = Layer(), [Layer(), nn.Linear(2, 2)]
        >>> [entry.path for entry in entries(Pair())]
        ['', 'first/layer', 'first/torch_module_wrapper', 'second']
    """
    walk = _Walk()
    walk.visit(model, "")
    return walk.found


@dataclass
class _Walk:
    found: list[Entry] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def visit(self, owner: Any, path: str) -> None:
        """Note an object, then look into its attributes."""
        if id(owner) in self.seen:
            return
        self.seen.add(id(owner))
        self.found.append(Entry(path, owner))
        inside = _children(owner) if wrapped_module(owner) is None else _beside_module(owner)
        for name, child in inside:
            self._child(owner, child, _join(path, name))

    def _child(self, owner: Any, child: Any, path: str) -> None:
        if isinstance(child, _CONTAINERS):
            self._container(owner, child, path)
        elif is_saved(owner, child) and not isinstance(child, _registered("layers", "InputLayer")):
            self.visit(child, path)

    def _container(self, owner: Any, container: Any, path: str) -> None:
        if id(container) in self.seen or not len(container):
            return
        self.seen.add(id(container))
        used: dict[str, int] = {}
        for child in container.values() if isinstance(container, dict) else container:
            if isinstance(child, _CONTAINERS):
                self._container(owner, child, _join(path, _numbered("container", used)))
            elif is_saved(owner, child):
                self.visit(child, _join(path, _numbered(_class_name(child), used)))


def is_saved(owner: Any, child: Any) -> bool:
    """Whether `child`, found in an attribute of `owner`, has a place in the file."""
    if isinstance(child, (Layer, torch.optim.Optimizer)):
        return True
    if isinstance(child, ComputeMask) or not isinstance(child, nn.Module) or not isinstance(owner, nn.Module):
        return False
    return any(child is module for module in owner.modules())


def wrapped_module(owner: Any) -> nn.Module | None:
    """The torch module whose `state_dict` is written for `owner`, or None when `owner` has weights in Keras's way."""
    if isinstance(owner, nn.Module) and not isinstance(owner, Layer):
        return owner
    module = getattr(owner, "module", None)
    if not isinstance(module, nn.Module):
        return None
    is_model_around_it = module._modules is owner._modules
    return module if is_model_around_it or isinstance(owner, _registered("layers", "TorchModuleWrapper")) else None


def _beside_module(owner: Any) -> Iterator[tuple[str, Any]]:
    """What is saved beside a torch module: the optimizer of a model around it."""
    if isinstance(owner, Layer) and isinstance(optimizer := getattr(owner, "optimizer", None), torch.optim.Optimizer):
        yield "optimizer", optimizer


def _children(owner: Any) -> Iterator[tuple[str, Any]]:
    """The attributes in which Keras would look for objects to save."""
    cls: Any = type(owner)
    skipped = _skipped(cls)
    if issubclass(cls, _registered("models", "Sequential", "Functional")):
        skipped |= {"layers"}
        yield "layers", owner.layers
    is_model = issubclass(cls, _registered("models", "Model"))
    for name in sorted(dir(owner), key=lambda name: f"~{name}" if name.startswith("_") else name):
        if name.startswith("__") or name in skipped:
            continue
        if name == "layers" and is_model:
            yield name, list(dict.fromkeys(_direct(owner)))
            continue
        try:
            yield name, getattr(owner, name)
        except Exception:  # a property of the user's class that cannot be read now holds nothing to save
            continue


def _direct(owner: nn.Module) -> Iterator[nn.Module]:
    """The layers and modules directly inside, those in lists and dicts included, in the order of assignment."""
    for child in owner.children():
        if isinstance(child, (TrackedList, TrackedDict)):
            yield from _direct(child)
        else:
            yield child


def _registered(slot: str, *names: str) -> tuple[type, ...]:
    return tuple(cls for name in names if (cls := registry.builtin(slot, name)) is not None)


@cache
def _skipped(cls: type) -> frozenset[str]:
    """The names that classes below the user's own define: methods, and attributes of every layer or optimizer."""
    names = {n for base in cls.__mro__ if base.__module__.startswith(_OURS) or base is object for n in base.__dict__}
    if issubclass(cls, torch.optim.Optimizer):
        optimizers = (base for base in cls.__mro__ if base.__module__.startswith("kerastorch.optimizers."))
        return frozenset(names.union(*(base.__dict__ for base in optimizers), {"state", "param_groups", "defaults"}))
    return frozenset(names | set(dir(_plain_layer())) | {"_stack"}) - (_MODEL_CHILDREN if "layers" in names else set())


@cache
def _plain_layer() -> Layer:
    return Layer(name="plain")


def _class_name(child: Any) -> str:
    return "torch_module_wrapper" if wrapped_module(child) is not None else naming.to_snake_case(type(child).__name__)


def _numbered(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
