"""An optimizer's state as Keras sees it: an ordered list of variables, saved and loaded in Keras's order and layout."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, policy, registry
from kerastorch.base.sharded import spread, whole
from kerastorch.optimizers.core import Slot, TorchOptimizer

OWN = "optimizer"
"""The key of `state` for tensors that belong to no parameter."""


def to_keras(param: Tensor | None, value: Tensor) -> Tensor:
    """A view of a parameter's (or its state's) values in Keras's layout."""
    layout = getattr(param, "keras_layout", None)
    return value if layout is None or param is None or value.shape != param.shape else layout.to_keras(value)


def to_torch(param: Tensor | None, value: Tensor) -> Tensor:
    """A view of Keras-layout values in the layout of `param`; values of another rank (row means) stay as they are."""
    layout = getattr(param, "keras_layout", None)
    return value if layout is None or param is None or value.ndim != param.ndim else layout.to_torch(value)


class KerasState(TorchOptimizer):
    """The part of an optimizer that names its state in Keras's words."""

    built: bool = False

    def __init__(self, defaults: dict[str, Any]) -> None:
        super().__init__(defaults)
        self._added: list[tuple[str, Tensor | None]] = []

    @property
    def iterations(self) -> int:
        """How many updates were done."""
        count: int = (self.param_groups or [self.defaults])[0]["iterations"]
        return count

    @iterations.setter
    def iterations(self, value: int) -> None:
        for group in (self.defaults, *self.param_groups):
            group["iterations"] = int(value)

    @property
    def trainable_variables(self) -> list[Tensor]:
        """The parameters this optimizer was built with, in order."""
        return [param for group in self.param_groups for param in group["params"]]

    def own_numbers(self) -> list[tuple[str, Tensor]]:
        """The numbers that come before the slots in Keras's list of variables."""
        return [("iteration", torch.tensor(self.iterations, dtype=torch.int32))]

    def load_own_numbers(self, values: list[Any]) -> None:
        """Set what `own_numbers` lists."""
        self.iterations = int(values[0])

    # Slots.

    def slots(self) -> list[tuple[str, Tensor | None, Tensor]]:
        """The state in the order of Keras's `optimizer.variables`, after iteration count and learning rate.

        Returns:
            (Keras's slot name, the parameter or None, the values in torch's layout) for every state tensor.

        Raises:
            ValueError: The optimizer is not built.
        """
        self._require_built("slots()")
        if self._buckets is None:
            self._make_buckets()
        params = self.trainable_variables
        found: list[tuple[str, Tensor | None, Tensor]] = [
            (slot.name, param, self._slot_value(slot, param))
            for round_ in self._all_rounds()
            for param in params
            for slot in round_
        ]
        return found + [(name, param, self.state[OWN if param is None else param][name]) for name, param in self._added]

    def load_slots(self, values: Sequence[Any]) -> None:
        """Set the state from values in the order and layout of `slots`.

        Args:
            values: Tensors or arrays.

        Raises:
            ValueError: Their number or a shape differs.
        """
        slots = self.slots()
        if len(values) != len(slots):
            raise errors.value_error(
                f"State of optimizer {type(self).__name__}",
                expected=f"{len(slots)} tensors",
                received=errors.Said(f"{len(values)} tensors"),
            )
        tensors = [torch.as_tensor(np.asarray(v) if not isinstance(v, Tensor) else v) for v in values]
        for (name, _, current), value in zip(slots, tensors, strict=True):
            if current.shape != value.shape:
                raise errors.value_error(
                    f"State {name!r} of optimizer {type(self).__name__}",
                    expected=f"shape {tuple(current.shape)}",
                    received=value,
                )
        self._assign_slots(tensors)

    def _assign_slots(self, tensors: list[Tensor]) -> None:
        rest = iter(tensors)
        for round_ in self._all_rounds():
            for param in self.trainable_variables:
                for slot in round_:
                    self._load_slot(slot, param, next(rest))
        for (name, owner), value in zip(self._added, rest, strict=True):
            kept = self.state[OWN if owner is None else owner][name]
            kept.copy_(spread(value, kept))

    def _all_rounds(self) -> list[list[Slot]]:
        return [[slot] for slot in self.extra_slots()] + self.slot_rounds()

    def _slot_value(self, slot: Slot, param: Tensor) -> Tensor:
        value: Tensor | None = self.state[param].get(slot.key)
        if value is None:
            return self.make_slot(slot, param)
        return value - slot.offset if slot.offset else value

    def _load_slot(self, slot: Slot, param: Tensor, value: Tensor) -> None:
        if slot.key not in self.state[param]:
            self.state[param][slot.key] = self.make_slot(slot, param)
        self.state[param][slot.key].copy_(spread(value, self.state[param][slot.key]))
        if slot.offset:
            self.state[param][slot.key].add_(slot.offset)

    # Variables.

    @property
    def variables(self) -> list[Tensor]:
        """All state in Keras's order: iteration count, learning rate (unless scheduled), then the slots."""
        numbers = [value for _, value in self.own_numbers()]
        return numbers + ([value for _, _, value in self.slots()] if self.built else [])

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set every variable, from arrays in Keras's order and layout.

        Raises:
            ValueError: The optimizer is not built, or the number or a shape of the arrays differs.
        """
        self._require_built("set_weights()")
        count = len(self.own_numbers())
        self.load_own_numbers(list(weights[:count]))
        params = [param for _, param, _ in self.slots()]
        values = [torch.as_tensor(np.asarray(w)) for w in weights[count:]]
        self.load_slots([to_torch(p, v) for p, v in zip(params, values, strict=False)] + values[len(params) :])

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Write the variables into `store` under "0", "1", ... as NumPy arrays in Keras's layout."""
        slots = [to_keras(param, whole(value)) for _, param, value in self.slots()] if self.built else []
        for index, value in enumerate([*(number for _, number in self.own_numbers()), *slots]):
            value = value.detach().cpu()
            store[str(index)] = (value.float() if value.dtype == torch.bfloat16 else value).numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Read what `save_own_variables`, here or in Keras, wrote.

        A store with another number of variables is skipped with a warning, as in Keras.
        """
        wanted = len(self.own_numbers()) + (len(self.slots()) if self.built else 0)
        if len(store) != wanted:
            warnings.warn(
                f"The state of optimizer {type(self).__name__} was not loaded: it has {wanted} variables, "
                f"the file {len(store)}." + ("" if self.built else " It is not built yet."),
                stacklevel=2,
            )
            return
        self.set_weights([np.asarray(store[str(index)]) for index in range(wanted)])

    def _require_built(self, what: str) -> None:
        if not self.built:
            raise errors.value_error(
                f"{what} of optimizer {type(self).__name__}",
                expected="an optimizer that knows its parameters",
                received=errors.Said("one that is not built"),
                remedy="Call `optimizer.build(model.trainable_variables)` first.",
            )

    # For optimizers that users write in Keras's style.

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Tensor:
        """Add a state tensor that belongs to no parameter.

        Args:
            shape: Its shape.
            initializer: Its first value: a name or `(shape, dtype) -> tensor`.
            dtype: Its dtype; default `floatx()`.
            aggregation: Keras's hint for other backends.
            layout: Keras's hint for other backends.
            name: Its name.

        Returns:
            The tensor; change it with `assign`, `assign_add` and `assign_sub`.
        """
        name = name or f"variable_{len(self._added)}"
        make: Callable[..., Any] = registry.resolve("initializers", initializer)
        value = torch.as_tensor(make(tuple(shape), dtype=dtypes.dtype_name(dtype or policy.floatx()))).detach()
        self.state[OWN][name] = value
        self._added.append((name, None))
        return value

    def add_variable_from_reference(
        self, reference_variable: Tensor, name: str | None = None, initializer: Any = "zeros"
    ) -> Tensor:
        """Add a state tensor like a parameter: of its shape, dtype and device.

        Args:
            reference_variable: The parameter.
            name: The name of the slot ("momentum").
            initializer: Its first values: a name or `(shape, dtype) -> tensor`.

        Returns:
            The tensor; change it with `assign`, `assign_add` and `assign_sub`.
        """
        name = name or "var"
        value = self.make_slot(Slot(name, name), reference_variable)
        if initializer != "zeros":
            make: Callable[..., Any] = registry.resolve("initializers", initializer)
            value.copy_(torch.as_tensor(make(tuple(value.shape), dtype=dtypes.dtype_name(value.dtype))).detach())
        self.state[reference_variable][name] = value
        self._added.append((name, reference_variable))
        return value

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Tensor], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """Add one state tensor a parameter, or one for each of several names, interleaved.

        Returns:
            A list, or for several names a tuple of lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        fills = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        made: tuple[list[Tensor], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for tensors, slot_name, fill in zip(made, names, fills, strict=True):
                tensors.append(self.add_variable_from_reference(variable, slot_name, fill))
        return made[0] if isinstance(name, str) else made

    def assign(self, variable: Tensor, value: Any) -> None:
        """Set the values of a parameter or state tensor."""
        variable.data.copy_(torch.as_tensor(value))

    def assign_add(self, variable: Tensor, value: Any) -> None:
        """Add to a parameter or state tensor in place."""
        variable.data.add_(value)

    def assign_sub(self, variable: Tensor, value: Any) -> None:
        """Subtract from a parameter or state tensor in place."""
        variable.data.sub_(value)

    def _get_variable_index(self, variable: Tensor) -> int:
        return next(i for i, param in enumerate(self.trainable_variables) if param is variable)
