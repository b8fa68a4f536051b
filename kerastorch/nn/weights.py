"""How a module holds weights: variables as parameters and buffers, Keras's order and layout at the border."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from kerastorch.base import dtypes, errors, naming, registry
from kerastorch.base.policy import DTypePolicy
from kerastorch.base.sharded import averaging, is_sharded, spread, whole
from kerastorch.nn import graph
from kerastorch.nn.tracking import TrackedDict, TrackedList, register, track
from kerastorch.nn.variable import SAME, Layout, Variable

W = TypeVar("W", bound="Weighted")


def collect(module: nn.Module) -> list[Tensor]:
    """All weights below `module`, each once, in Keras's order: its own trained, its own others, then its children's.

    Args:
        module: Any module. Buffers count where they are variables, or statistics of a torch module.
    """
    found: dict[int, Tensor] = {}
    for child in module.modules():
        buffers = (b for key, b in child._buffers.items() if key not in child._non_persistent_buffers_set)
        for tensor in (*child._parameters.values(), *buffers):
            if tensor is not None:
                found.setdefault(id(tensor), tensor)
    return list(found.values())


def to_keras(weight: Tensor) -> np.ndarray[Any, Any]:
    """A NumPy copy of a weight in Keras's layout."""
    value = getattr(weight, "keras_layout", SAME).to_keras(whole(weight))
    value = value.float() if value.dtype is torch.bfloat16 else value
    return value.cpu().contiguous().numpy().copy()


def assign(owner: str, targets: list[Tensor], values: list[Any]) -> None:
    """Write arrays in Keras's layout into weights; all shapes are checked before the first is written.

    Raises:
        ValueError: The number of arrays or a shape differs.
    """
    if len(targets) != len(values):
        raise errors.value_error(
            f"Weights of {owner!r}", expected=f"{len(targets)} arrays", received=errors.Said(f"{len(values)} arrays")
        )
    ready = []
    for index, (target, value) in enumerate(zip(targets, values, strict=True)):
        layout = getattr(target, "keras_layout", SAME)
        tensor = torch.as_tensor(np.asarray(value) if not isinstance(value, Tensor) else value.detach())
        wanted = tuple(layout.to_keras(target).shape)
        if tuple(tensor.shape) != wanted:
            name = getattr(target, "path", f"number {index}")
            raise errors.value_error(f"Weight {name} of {owner!r}", expected=f"shape {wanted}", received=value)
        ready.append(layout.to_torch(tensor))
    for target, tensor in zip(targets, ready, strict=True):
        target.data.copy_(spread(tensor, target))


def penalties(module: nn.Module) -> list[Tensor]:
    """The regularizers' penalties of all trained weights below `module`."""
    return [penalty(w) for w in penalized(module)]


def penalized(module: nn.Module) -> list[Any]:
    """The trained weights below `module` that have a regularizer."""
    return [w for w in collect(module) if w.requires_grad and getattr(w, "regularizer", None) is not None]


def penalty(weight: Any) -> Tensor:
    """A weight's penalty; where it is sharded, that of the whole, whose gradient is the mean of all ranks'."""
    value = weight.keras_layout.to_keras(averaging(weight) if is_sharded(weight) else weight)
    return weight.regularizer(value)  # type: ignore[no-any-return]


def own(module: nn.Module) -> list[Tensor]:
    """The weights of a module itself: trained ones first, then the others, as Keras numbers them in a file.

    Weights in lists and dicts of the module count as its own.
    """
    parts = [module, *(c for c in module.children() if isinstance(c, (TrackedList, TrackedDict)))]
    trained = [p for m in parts for p in m._parameters.values() if p is not None]
    buffers = [(m, key, b) for m in parts for key, b in m._buffers.items() if b is not None]
    return trained + [b for m, key, b in buffers if key not in m._non_persistent_buffers_set]


class Weighted(nn.Module):
    """The base of `Layer`: everything about holding weights."""

    name: str
    dtype_policy: DTypePolicy
    _provisional: set[str]
    _trainable: bool

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
        layout: Layout = SAME,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: Its shape in Keras's layout (default: a scalar).
            initializer: How it starts; default "glorot_uniform" for floats and "zeros" for other dtypes.
            dtype: Its dtype; default the policy's variable dtype.
            trainable: Whether it is trained; one that is not becomes a buffer.
            autocast: Accepted for Keras's sake.
            regularizer: A penalty on it that is added to the loss.
            constraint: A projection applied to it after each update.
            aggregation: Accepted for Keras's sake.
            overwrite_with_gradient: Accepted for Keras's sake.
            name: Its name.
            layout: How torch's layout differs from Keras's.

        Returns:
            The `Variable`, in torch's layout; assign it to an attribute.
        """
        del autocast, aggregation, overwrite_with_gradient
        kind = dtypes.torch_dtype(dtype or self.dtype_policy.variable_dtype)
        shape = tuple(shape) if isinstance(shape, (tuple, list, torch.Size)) else () if shape is None else (shape,)
        usual = "glorot_uniform" if kind.is_floating_point else "zeros"
        make = registry.resolve("initializers", usual if initializer is None else initializer)
        with torch.device("cpu") if graph.inferring.on else nullcontext(), torch.no_grad():
            value = torch.as_tensor(make(shape, dtype=dtypes.dtype_name(kind)))
            value = layout.to_torch(value.detach().to(kind)).clone(memory_format=torch.contiguous_format)
        variable = Variable.wrap(
            value,
            trainable=trainable,
            name=name or "variable",
            layout=layout,
            regularizer=registry.resolve("regularizers", regularizer),
            constraint=registry.resolve("constraints", constraint),
        )
        variable.is_buffer = not trainable
        variable.path = f"{self.name}/{variable.name}"
        register(self, self._provisional_key(variable.name), variable)
        return variable

    def _provisional_key(self, name: str) -> str:
        key = naming.unique_within(name.replace(".", "_"), {**self._parameters, **self._buffers, **self._modules})
        self.__dict__.setdefault("_provisional", set()).add(key)
        return key

    def __setattr__(self, name: str, value: Any) -> None:
        value = value if name == "__dict__" else track(value)  # torch.export sets `__dict__`, which holds modules
        for variable in _variables_in(value):
            self._forget_provisional(variable)
        if isinstance(value, Variable):
            for registered in (self.__dict__, self._parameters, self._buffers, self._modules):
                registered.pop(name, None)
            register(self, name, value)
        else:
            if isinstance(value, nn.Module) and value.training is not self.__dict__.get("training", value.training):
                value.train(self.training)  # torch's modules begin in training mode, our layers in inference mode
            super().__setattr__(name, value)

    def _forget_provisional(self, variable: Variable) -> None:
        """A weight was registered under its own name by `add_weight`; the attribute it is assigned to takes over."""
        for key in list(self.__dict__.get("_provisional", ())):
            for registered in (self._parameters, self._buffers):
                if registered.get(key) is variable:
                    del registered[key]
                    self._provisional.discard(key)

    def _apply(self: W, fn: Callable[..., Any], recurse: bool = True) -> W:
        """Variables stay variables when the module moves, and the same objects wherever memory allows."""
        if "dtype_policy" not in self.__dict__:
            return super()._apply(fn, recurse)  # type: ignore[no-any-return, no-untyped-call]
        registries = (self._parameters, self._buffers)
        before = [(r, key, v) for r in registries for key, v in r.items() if isinstance(v, Variable)]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for registered, key, variable in before:
            moved = registered[key]
            if moved is not None and moved is not variable:
                registered[key] = variable.moved_to(moved)
        kind = fn(torch.zeros((), dtype=dtypes.torch_dtype(self.dtype_policy.variable_dtype))).dtype
        if kind is not dtypes.torch_dtype(self.dtype_policy.variable_dtype):
            self._follow(kind)
        return self

    def _follow(self, dtype: Any) -> None:
        """The module was moved to another float dtype (`.double()`, `.to(torch.bfloat16)`): compute in it."""

    @property
    def weights(self) -> list[Tensor]:
        """All weights in Keras's order, as torch holds them."""
        return collect(self)

    @property
    def variables(self) -> list[Tensor]:
        """All weights."""
        return collect(self)

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that are trained."""
        return [w for w in self.weights if w.requires_grad]

    @property
    def trainable_variables(self) -> list[Tensor]:
        """The weights that are trained."""
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The weights that are not trained: statistics, and those of frozen layers."""
        return [w for w in self.weights if not w.requires_grad]

    @property
    def non_trainable_variables(self) -> list[Tensor]:
        """The weights that are not trained."""
        return self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """NumPy copies of all weights, in Keras's order and layout."""
        return [to_keras(w) for w in self.weights]

    def set_weights(self, values: Any) -> None:
        """Set all weights.

        Args:
            values: Arrays in Keras's order and layout, as `get_weights` gives them.

        Raises:
            ValueError: Their number or a shape differs; nothing is changed.
        """
        assign(self.name, self.weights, list(values))

    def count_params(self) -> int:
        """The number of scalars in all weights."""
        return sum(w.numel() for w in self.weights)

    @property
    def trainable(self) -> bool:
        """Whether its weights are trained; setting it sets all layers inside too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for module in self.modules():
            if isinstance(module, Weighted):
                module._trainable = bool(value)
        for parameter in self.parameters():
            if parameter.is_floating_point() or parameter.is_complex():
                parameter.requires_grad_(bool(value))


def _variables_in(value: Any) -> list[Variable]:
    if isinstance(value, (TrackedList, TrackedDict)):
        return [t for t in (*value.parameters(), *value.buffers()) if isinstance(t, Variable)]
    return [value] if isinstance(value, Variable) else []
