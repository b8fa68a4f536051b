"""One object's own values: which it has (names, shapes, kinds), how they are written, how they are taken.

A weight is known by its Keras layout here: the permutation to torch's happens in `Layer.load_own_variables`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from kerastorch.base import errors
from kerastorch.base.sharded import name_of, spread, whole
from kerastorch.nn import weights
from kerastorch.nn.layer import Layer
from kerastorch.nn.variable import SAME
from kerastorch.saving.walk import Entry, wrapped_module

Values = dict[str, np.ndarray[Any, Any]]


class Declared(NamedTuple):
    """What is known of an array before it is read.

    Attributes:
        shape: Its shape, in Keras's layout.
        dtype: The name of its dtype.
        name: What the model calls it; empty in a file.
    """

    shape: tuple[int, ...]
    dtype: str
    name: str = ""

    def fits(self, other: Declared) -> bool:
        """Whether one can be assigned to the other: the same shape, and both floats, both integers, ..."""
        return self.shape == other.shape and _kind(self.dtype) == _kind(other.dtype)

    def __str__(self) -> str:
        return f"{self.shape} {self.dtype}"


def _kind(dtype: str) -> str:
    letters = dtype.rstrip("0123456789")
    return {"uint": "int", "bfloat": "float", "bool": "int"}.get(letters, letters)


def _declared(tensor: torch.Tensor, shape: Any = None, name: str = "") -> Declared:
    return Declared(tuple(tensor.shape if shape is None else shape), str(tensor.dtype).removeprefix("torch."), name)


class State:
    """The values of one object; the base is an object that has none.

    Args:
        entry: The object and its place.
        model: The model that is saved or loaded.
    """

    def __init__(self, entry: Entry, model: Any) -> None:
        self.model = model
        self.path = entry.path
        self.owner = entry.owner
        name = getattr(entry.owner, "name", None)
        self.name = name if isinstance(name, str) else None

    @property
    def subject(self) -> str:
        """What to call it in an error."""
        return f"{type(self.owner).__name__} {self.name!r}" if self.name else type(self.owner).__name__

    def wanted(self, found: Mapping[str, Declared]) -> Mapping[str, Declared] | None:
        """What the object has to be given, knowing what the file holds; None when it is left as it is."""
        del found
        return {}

    def save(self) -> Values:
        """Its values, in Keras's layout."""
        return {}

    def load(self, values: Values) -> None:
        """Take values that fit."""


class LayerState(State):
    """The own weights of a layer, numbered as Keras numbers them."""

    def wanted(self, found: Mapping[str, Declared]) -> Mapping[str, Declared] | None:
        return {str(i): self._of(weight) for i, weight in enumerate(weights.own(self.owner))}

    @staticmethod
    def _of(weight: torch.Tensor) -> Declared:
        layout = getattr(weight, "keras_layout", SAME)
        return _declared(weight, layout.to_keras(weight.detach()).shape, name_of(weight) or "")

    def save(self) -> Values:
        store: Values = {}
        self.owner.save_own_variables(store)
        return {key: np.asarray(_array(value)) for key, value in store.items()}

    def load(self, values: Values) -> None:
        self.owner.load_own_variables(values)


class OwnWayState(LayerState):
    """The values of a layer whose class says itself what it saves (`save_own_variables`)."""

    def wanted(self, found: Mapping[str, Declared]) -> Mapping[str, Declared] | None:
        return {key: Declared(value.shape, value.dtype.name) for key, value in self.save().items()}


class ModuleState(State):
    """The `state_dict` of a plain torch module, in torch's layout, by its own keys."""

    def __init__(self, entry: Entry, model: Any) -> None:
        super().__init__(entry, model)
        module = wrapped_module(entry.owner)
        assert module is not None
        self.module: nn.Module = module
        self.name = self.name or "torch_module_wrapper"

    def _tensors(self) -> dict[str, torch.Tensor]:
        return {k: v for k, v in self.module.state_dict().items() if isinstance(v, torch.Tensor)}

    def wanted(self, found: Mapping[str, Declared]) -> Mapping[str, Declared] | None:
        return {key: _declared(value, name=key) for key, value in self._tensors().items()}

    def save(self) -> Values:
        return {key: _array(value) for key, value in self._tensors().items()}

    def load(self, values: Values) -> None:
        now = self._tensors()
        self.module.load_state_dict({key: spread(torch.from_numpy(value), now[key]) for key, value in values.items()})


class OptimizerState(State):
    """Iteration count, learning rate and slots of one of our optimizers."""

    def _now(self) -> dict[str, Declared]:
        numbers = [_declared(value, name=name) for name, value in self.owner.own_numbers()]
        slots = self.owner.slots() if self.owner.built else []
        return dict(enumerate_as_text([*numbers, *(self._slot(*slot) for slot in slots)]))

    @staticmethod
    def _slot(name: str, param: torch.Tensor | None, value: torch.Tensor) -> Declared:
        layout = getattr(param, "keras_layout", SAME)
        same = param is not None and value.shape == param.shape
        return _declared(value, layout.to_keras(value.detach()).shape if same else None, name)

    def wanted(self, found: Mapping[str, Declared]) -> Mapping[str, Declared] | None:
        if not self.owner.built and len(found) >= len(self.owner.own_numbers()):
            self.owner.build([p for p in self.model.parameters() if p.requires_grad])
        now = self._now()
        if len(found) == len(now):
            # Keras keeps numbers that stand for an absent matrix as integers, others as floats.
            return {
                k: one._replace(dtype=found[k].dtype) if one.shape == () and k in found else one
                for k, one in now.items()
            }
        if len(found) > len(self.owner.own_numbers()):  # else it was saved before its first step and holds nothing
            warnings.warn(
                f"The state of {self.subject} is left as it is: the optimizer has {len(now)} variables, the file "
                f"{len(found)}. To go on from it, compile with the optimizer that was saved.",
                stacklevel=6,
            )
        return None

    def save(self) -> Values:
        store: Values = {}
        self.owner.save_own_variables(store)
        return store

    def load(self, values: Values) -> None:
        self.owner.load_own_variables(values)


class TorchOptimizerState(State):
    """The state of a torch optimizer, as "<number of the parameter>.<name>"; Keras has no such thing."""

    def __init__(self, entry: Entry, model: Any) -> None:
        super().__init__(Entry(f"{entry.path}/torch", entry.owner), model)

    def _params(self) -> list[torch.Tensor]:
        return [p for group in self.owner.param_groups for p in group["params"]]

    def wanted(self, found: Mapping[str, Declared]) -> Mapping[str, Declared] | None:
        params = self._params()
        wanted = {}
        for key, came in found.items():
            number = key.partition(".")[0]
            param = params[int(number)] if number.isdecimal() and int(number) < len(params) else None
            shape = came.shape if param is None or came.shape == () else tuple(param.shape)
            if param is not None:
                wanted[key] = Declared(shape, came.dtype, key)
        return wanted

    def save(self) -> Values:
        state = self.owner.state_dict()["state"]
        tensors = {f"{i}.{key}": value for i, of in state.items() for key, value in of.items()}
        return {key: _array(value) for key, value in tensors.items() if isinstance(value, (torch.Tensor, int, float))}

    def load(self, values: Values) -> None:
        state: dict[int, dict[str, Any]] = {}
        params = self._params()
        for key, value in values.items():
            number, _, name = key.partition(".")
            param, tensor = params[int(number)], torch.from_numpy(value)
            laid_out = spread(tensor, param) if tensor.shape == param.shape else tensor
            state.setdefault(int(number), {})[name] = laid_out
        if state:
            self.owner.load_state_dict({"state": state, "param_groups": self.owner.state_dict()["param_groups"]})


def state_of(entry: Entry, model: Any) -> State:
    """How the values of this object of a model are saved and loaded."""
    owner = entry.owner
    if isinstance(owner, torch.optim.Optimizer):
        ours = hasattr(owner, "save_own_variables")
        return OptimizerState(entry, model) if ours else TorchOptimizerState(entry, model)
    if wrapped_module(owner) is not None:
        return ModuleState(entry, model)
    cls = type(owner)
    plain = (cls.save_own_variables, cls.load_own_variables) == (Layer.save_own_variables, Layer.load_own_variables)
    return LayerState(entry, model) if plain else OwnWayState(entry, model)


def enumerate_as_text(items: list[Declared]) -> list[tuple[str, Declared]]:
    """Items under "0", "1", ... as Keras numbers variables."""
    return [(str(index), item) for index, item in enumerate(items)]


def _array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, torch.Tensor):
        value = whole(value).cpu()
        value = (value.float() if value.dtype is torch.bfloat16 else value).numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiubc":
        raise errors.type_error(
            "A value for a weights file",
            expected="numbers",
            received=array,
            remedy="Let `save_own_variables` store arrays.",
        )
    return array
