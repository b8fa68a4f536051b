"""`Metric`: a figure that is accumulated over batches and stays on the device until somebody reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, naming, nested, policy, registry, serialization
from kerastorch.nn.variable import Variable

M = TypeVar("M", bound="Metric")
C = TypeVar("C", bound=type)


def register(*aliases: str) -> Callable[[C], C]:
    """Register a metric class under its own name, its name in snake case and `aliases`, as Keras knows it."""
    return lambda cls: registry.register("metrics", naming.to_snake_case(cls.__name__), *aliases)(cls)


@registry.register("metrics")
class Metric:
    """The base of all metrics: make variables in `__init__`, add to them in `update_state`, read them in `result`.

    A metric is a plain object and not an `nn.Module`: a model that holds one keeps a `state_dict` of weights only.

    Args:
        dtype: The dtype of the result; default `floatx()`.
        name: The name in logs; made from the class name when missing.

    Example:
        >>> class Largest(Metric):
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.seen = self.add_variable(shape=(), initializer="zeros", name="seen")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.seen.assign(torch.maximum(self.seen, y_pred.max()))
        ...     def result(self):
        ...         return self.seen.clone()
        >>> metric = Largest()
        >>> metric.update_state(None, torch.tensor([1.0, 3.0]))
        >>> metric.name, float(metric.result())
        ('largest', 3.0)
    """

    _direction: str | None = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise errors.type_error(f"`name` of {type(self).__name__}", expected="a string", received=name)
        self.name = name or naming.auto_name(naming.to_snake_case(type(self).__name__))
        self._dtype = _compute_dtype(dtype)
        self._torch_dtype = dtypes.torch_dtype(self._dtype)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> str:
        """The dtype of the result."""
        return self._dtype

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str | None = "sum",
        name: str | None = None,
    ) -> Variable:
        """Make a variable that `reset_state` sets to zero.

        Args:
            shape: Its shape.
            initializer: How it starts; default zeros.
            dtype: Its dtype; default `floatx()`.
            aggregation: How several ranks are combined: "sum", "mean", or None and "only_first_replica" for not at all.
            name: Its name.

        Returns:
            The variable.
        """
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                errors.message(
                    f"{type(self).__name__}.add_variable",
                    expected="`super().__init__()` to have been called",
                    received=errors.Said("a metric without state"),
                    remedy="Call `super().__init__(name=name)` first in `__init__`.",
                )
            )
        kind = dtypes.torch_dtype(dtype or policy.floatx())
        if initializer is None or initializer == "zeros":
            initializer = torch.zeros(tuple(shape), dtype=kind)
        else:
            initializer = registry.resolve("initializers", initializer)
        variable = Variable(initializer, shape=shape, dtype=kind, trainable=False, name=name)
        variable.path = f"{self.name}/{variable.name}"
        variable.aggregation = aggregation
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """`add_variable` by its older name."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The state: variables of this metric, then those of metrics that it holds."""
        found = {id(v): v for v in self._variables}
        for value in list(vars(self).values()):
            for leaf in nested.flatten(value) if value is not self._variables else ():
                held = [leaf] if isinstance(leaf, Variable) else leaf.variables if isinstance(leaf, Metric) else ()
                found.update({id(v): v for v in held})
        return list(found.values())

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch to the state; subclasses define it.

        Args:
            *args: What the metric measures, most often `y_true, y_pred, sample_weight=None`.
            **kwargs: The same by name.
        """
        raise NotImplementedError(_missing(self, "update_state"))

    def result(self) -> Any:
        """The figure so far: a scalar tensor (or a dict of them) on the state's device; subclasses define it."""
        raise NotImplementedError(_missing(self, "result"))

    def synchronize(self, strategy: Any) -> None:
        """Let the state be that of all ranks.

        Args:
            strategy: Has `sum_(tensors)`, which puts the sum over the ranks into tensors, and `world_size`.
        """
        strategy.sum_([v.data for v in self.variables if v.aggregation in ("sum", "mean")])
        for variable in self.variables:
            if variable.aggregation == "mean":
                variable.data.div_(strategy.world_size)

    def reset_state(self) -> None:
        """Forget every batch: set all variables to zero."""
        for variable in self.variables:
            variable.data.zero_()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch and return the figure so far."""
        with torch.no_grad():
            self.update_state(*args, **kwargs)
            return self.result()

    def to(self: M, device: Any) -> M:
        """Move the state to a device.

        Args:
            device: A `torch.device` or its name. On "mps", which has no float64, sums become float32.

        Returns:
            The metric itself.
        """
        device = torch.device(device)
        for variable in self.variables:
            narrow = device.type == "mps" and variable.dtype is torch.float64
            variable.data = variable.data.to(device, torch.float32 if narrow else variable.dtype)
        return self

    def state_dict(self) -> dict[str, Tensor]:
        """Copies of the variables by name.

        Example:
            >>> sorted(registry.builtin("metrics", "mean")().state_dict())
            ['count', 'total']
        """
        return {key: variable.detach().clone() for key, variable in self._named().items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Take the state from what `state_dict` returned.

        Raises:
            ValueError: The names or a shape differ; nothing is changed.
        """
        named = self._named()
        shapes = {key: tuple(value.shape) for key, value in named.items()}
        came = {key: tuple(value.shape) for key, value in state.items()}
        if came != shapes:
            raise errors.value_error(f"State of metric {self.name!r}", expected=f"{shapes}", received=came)
        for key, variable in named.items():
            variable.assign(state[key])

    def _named(self) -> dict[str, Variable]:
        named: dict[str, Variable] = {}
        for variable in self.variables:
            named[naming.unique_within(variable.name, {**named})] = variable
        return named

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Tensor]:
        """What `update_state` would make of a given state; the metric's own state stays.

        Args:
            metric_variables: One value for each of `variables`.
            *args: What `update_state` takes.
            **kwargs: What `update_state` takes.

        Returns:
            The new values of the variables.
        """
        with self._holding(metric_variables):
            self.update_state(*args, **kwargs)
            return [v.detach().clone() for v in self.variables]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """What `result` would be for a given state."""
        with self._holding(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Tensor]:
        """The values that `reset_state` would set."""
        return [torch.zeros_like(v.detach()) for v in self.variables]

    @contextmanager
    def _holding(self, values: Sequence[Any]) -> Iterator[None]:
        variables = self.variables
        if len(values) != len(variables):
            raise errors.value_error(
                f"`metric_variables` of {self.name!r}",
                expected=f"{len(variables)} values, one for each of `variables`",
                received=errors.Said(f"{len(values)} values"),
            )
        before = [v.detach().clone() for v in variables]
        try:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            yield
        finally:
            for variable, value in zip(self.variables, before, strict=False):
                variable.assign(value)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; subclasses add their own."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls: type[M], config: dict[str, Any]) -> M:
        """Make a metric from `get_config`'s result."""
        return cls(**{k: serialization.deserialize_keras_object(v) for k, v in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _compute_dtype(dtype: Any) -> str:
    if dtype is None:
        return policy.floatx()
    if isinstance(dtype, (policy.DTypePolicy, dict)) or (isinstance(dtype, str) and dtype.startswith("mixed_")):
        return policy.get(dtype).compute_dtype
    return dtypes.dtype_name(dtype)


def _missing(metric: Metric, method: str) -> str:
    name = type(metric).__name__
    return errors.message(
        name, expected=f"a method `{method}`", received=errors.Said("none"), remedy=f"Define it in {name}."
    )
