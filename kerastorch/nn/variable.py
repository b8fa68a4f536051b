"""`keras.Variable` as a real `nn.Parameter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kerastorch.base import dtypes, errors, naming, policy, registry


class Layout:
    """How a weight's torch layout relates to its Keras layout: a permutation of dimensions.

    Args:
        to_torch: Where each torch dimension comes from: `keras_tensor.permute(to_torch)` has the torch layout.

    Example:
        >>> kernel = torch.zeros(3, 3, 1, 32)                  # Keras: height, width, in, out
        >>> tuple(Layout(3, 2, 0, 1).to_torch(kernel).shape)   # torch: out, in, height, width
        (32, 1, 3, 3)
    """

    def __init__(self, *to_torch: int) -> None:
        self.forward = to_torch
        self.backward = tuple(sorted(range(len(to_torch)), key=to_torch.__getitem__))

    def to_torch(self, value: Tensor) -> Tensor:
        """A view of a Keras-layout tensor in torch's layout."""
        return value.permute(self.forward)

    def to_keras(self, value: Tensor) -> Tensor:
        """A view of a torch-layout tensor in Keras's layout."""
        return value.permute(self.backward)


class _Same(Layout):
    """The layout of weights that look the same in both worlds."""

    def __init__(self) -> None:
        super().__init__()

    def to_torch(self, value: Tensor) -> Tensor:
        return value

    def to_keras(self, value: Tensor) -> Tensor:
        return value


SAME = _Same()


class Variable(nn.Parameter):
    """A tensor that is assigned to: `keras.Variable`, and what `Layer.add_weight` returns.

    It is an `nn.Parameter` (torch functions give plain tensors, gradients land in `.grad`) with Keras's methods.

    Args:
        initializer: The first value (array, tensor, number), or a callable `(shape, dtype) -> tensor`.
        shape: The shape, when `initializer` is a callable.
        dtype: The dtype; default `floatx()` for callables and floats.
        trainable: Whether gradients are computed for it.
        name: Its name.

    Example:
        >>> counter = Variable(0.0)
        >>> counter.assign_add(2.0)
        >>> float(counter)
        2.0
    """

    keras_layout: Layout
    regularizer: Any
    constraint: Any
    is_buffer: bool
    aggregation: str | None = "sum"  # how a metric's state is combined over several ranks

    def __new__(
        cls,
        initializer: Any = 0.0,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = None,
        name: str | None = None,
    ) -> Variable:
        del autocast, aggregation, name  # Keras's hints for other backends
        value = _initial_value(initializer, shape, dtype)
        differentiable = value.is_floating_point() or value.is_complex()
        return cls._make(value, trainable and differentiable)

    def __init__(
        self,
        initializer: Any = 0.0,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str | None = None,
        name: str | None = None,
    ) -> None:
        self._name = name or naming.auto_name("variable")
        self._path = self._name

    @classmethod
    def _make(cls, value: Tensor, requires_grad: bool) -> Variable:
        made: Variable = torch.Tensor._make_subclass(cls, value.detach(), requires_grad)
        made._name, made._path = "variable", "variable"
        made.keras_layout, made.regularizer, made.constraint = SAME, None, None
        made.is_buffer = not requires_grad
        return made

    @classmethod
    def wrap(
        cls,
        value: Tensor,
        *,
        trainable: bool,
        name: str,
        layout: Layout = SAME,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """A variable over `value` itself, which is already in torch's layout."""
        made = cls._make(value, trainable and (value.is_floating_point() or value.is_complex()))
        made._name = made._path = name
        made.keras_layout, made.regularizer, made.constraint = layout, regularizer, constraint
        return made

    @property
    def name(self) -> str:
        """The variable's own name, such as "kernel"."""
        return self._name

    @property
    def path(self) -> str:
        """The name with its layer's in front, such as "dense/kernel"."""
        return self._path

    @path.setter
    def path(self, value: str) -> None:
        self._path = value

    @property
    def trainable(self) -> bool:
        """Whether gradients are computed for it."""
        return self.requires_grad

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.requires_grad_(bool(value) and (self.is_floating_point() or self.is_complex()))

    @property
    def value(self) -> Variable:
        """The tensor itself (gradients are at `.value.grad`)."""
        return self

    def numpy(self) -> np.ndarray[Any, Any]:  # type: ignore[override]
        """A NumPy copy of the values (of bfloat16, which NumPy has not, as float32)."""
        value = self.detach().cpu()
        return (value.float() if value.dtype is torch.bfloat16 else value).numpy().copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(self.numpy(), dtype=dtype)

    def assign(self, value: Any) -> Variable:
        """Set every value.

        Args:
            value: Numbers of this variable's shape.

        Raises:
            ValueError: The shape differs.
        """
        new = torch.as_tensor(_as_array(value), device=self.device).to(self.dtype)
        if tuple(new.shape) != tuple(self.shape):
            raise errors.value_error(
                f"`assign` of variable {self.name!r}", expected=f"shape {tuple(self.shape)}", received=value
            )
        self.data.copy_(new.detach())
        return self

    def assign_add(self, value: Any) -> None:
        """Add to every value in place; `value` is broadcast."""
        self.data.add_(self._operand(value))

    def assign_sub(self, value: Any) -> None:
        """Subtract from every value in place; `value` is broadcast."""
        self.data.sub_(self._operand(value))

    def _operand(self, value: Any) -> Any:
        if isinstance(value, (int, float)):
            return value
        return torch.as_tensor(_as_array(value), device=self.device).detach()

    def __float__(self) -> float:
        return float(self.detach())

    def moved_to(self, value: Tensor) -> Variable:
        """This variable over `value`: itself where torch can exchange the memory (not with "meta"), or another."""
        if torch._has_compatible_shallow_copy_type(self, value):
            self.data = value.data
            return self
        return _rebuild(value.data, self.requires_grad, dict(self.__dict__))

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        if id(self) in memo:
            return memo[id(self)]  # type: ignore[no-any-return]
        copied = type(self)._make(self.data.clone(memory_format=torch.preserve_format), self.requires_grad)
        copied.__dict__.update(self.__dict__)
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _rebuild, (self.data, self.requires_grad, dict(self.__dict__))

    def __repr__(self) -> str:  # type: ignore[override]
        kind = dtypes.dtype_name(self.dtype)
        return f"<Variable path={self.path}, shape={tuple(self.shape)}, dtype={kind}, value={self.detach().cpu()}>"


def _rebuild(data: Tensor, requires_grad: bool, attributes: dict[str, Any]) -> Variable:
    made = Variable._make(data, requires_grad)
    made.__dict__.update(attributes)
    return made


def _as_array(value: Any) -> Any:
    return value if isinstance(value, Tensor) else np.asarray(value)


def _initial_value(initializer: Any, shape: Sequence[int] | None, dtype: Any) -> Tensor:
    if isinstance(initializer, str):
        initializer = registry.resolve("initializers", initializer)
    if callable(initializer) and not isinstance(initializer, Tensor):
        if shape is None:
            raise errors.value_error(
                "`shape` of Variable", expected="a shape, since the initial value is a callable", received=None
            )
        initializer = initializer(tuple(shape), dtype=dtypes.dtype_name(dtype or policy.floatx()))
    value = initializer.detach().clone() if isinstance(initializer, Tensor) else torch.as_tensor(np.array(initializer))
    if dtype is not None:
        return value.to(dtypes.torch_dtype(dtype))
    return value.to(dtypes.torch_dtype(policy.floatx())) if value.dtype == torch.float64 else value
