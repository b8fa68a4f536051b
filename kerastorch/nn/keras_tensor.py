"""Symbolic tensors: a shape and a dtype that remember how they are computed."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch

from kerastorch.base import dtypes, errors, naming

if TYPE_CHECKING:
    from kerastorch.nn.graph import Node

Shape = tuple[int | None, ...]


class KerasTensor:
    """A tensor that has no values yet: what `Input` returns and what layers return when called on one.

    Any torch function, operator, tensor method, slice or layer applied to it is recorded as a node of the graph that
    `Model(inputs, outputs)` later turns into code.

    Args:
        shape: The shape; None marks a dimension that is known only when data comes.
        dtype: The dtype.
        name: A name; made up when missing.

    Example:
        >>> x = KerasTensor((None, 3))
        >>> (x * 2).sum(dim=-1).shape
        (None,)
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None, **_: Any) -> None:
        self.shape: Shape = tuple(None if d is None else operator.index(d) for d in shape)
        self.dtype: str = dtypes.dtype_name(dtype)
        self.name = name or naming.auto_name("keras_tensor")
        self.node: Node | None = None
        self.index = 0
        self._keras_mask: KerasTensor | None = None

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def _keras_history(self) -> tuple[Any, int, int]:
        assert self.node is not None
        return self.node.target, self.node.number, self.index

    def reshape(self, *shape: Any) -> KerasTensor:
        """`torch.Tensor.reshape`, recorded."""
        return _recorder[0]("reshape", (self, *shape), {})  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        method = getattr(torch.Tensor, name, None)
        if name.startswith("_") or not callable(method):
            raise AttributeError(
                errors.message(
                    f"`{name}` of a KerasTensor",
                    expected="an attribute that a tensor without values has (shape, dtype, ndim) or a tensor method",
                    received=errors.Said(repr(name)),
                    remedy="It has no values before the model is called on data.",
                )
            )
        return lambda *args, **kwargs: _recorder[0](name, (self, *args), kwargs)

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _recorder[0](func, args, kwargs or {})

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __iter__(self) -> Iterator[Any]:
        if not self.shape or self.shape[0] is None:
            raise errors.type_error("Iterating over a KerasTensor", expected="a known first dimension", received=self)
        return (self[i] for i in range(self.shape[0]))  # type: ignore[index]

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise errors.type_error("`len` of a KerasTensor", expected="a known first dimension", received=self)
        return self.shape[0]

    def __bool__(self) -> bool:
        raise errors.type_error(
            "A KerasTensor in a condition",
            expected="values, which it does not have before the model runs",
            received=self,
            remedy="Use `keras.ops.where` or `keras.ops.cond`, or put the condition into a Layer's `call`.",
        )

    def __array__(self, dtype: Any = None) -> Any:
        raise errors.type_error(
            "A KerasTensor where NumPy wants an array",
            expected="an array or tensor",
            received=self,
            remedy="Use `keras.ops` or torch functions, or put the computation into a Layer's `call`.",
        )


# Filled by nn.graph: KerasTensor and the recorder need each other, and imports run one way.
_recorder: list[Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]] = []


def _binary(function: Callable[..., Any], reverse: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: KerasTensor, other: Any) -> Any:
        return _recorder[0](function, (other, self) if reverse else (self, other), {})

    return method


def _unary(function: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda self: _recorder[0](function, (self,), {})


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor"):
    _bare = _name.rstrip("_")
    setattr(KerasTensor, f"__{_bare}__", _binary(getattr(operator, _name)))
    setattr(KerasTensor, f"__r{_bare}__", _binary(getattr(operator, _name), reverse=True))
for _name in ("lt", "le", "gt", "ge", "getitem"):
    setattr(KerasTensor, f"__{_name}__", _binary(getattr(operator, _name)))
for _name in ("neg", "abs", "invert", "pos"):
    setattr(KerasTensor, f"__{_name}__", _unary(getattr(operator, _name)))


def is_keras_tensor(value: Any) -> bool:
    """Whether `value` is a symbolic tensor.

    Example:
        >>> is_keras_tensor(KerasTensor((2,))), is_keras_tensor(torch.zeros(2))
        (True, False)
    """
    return isinstance(value, KerasTensor)
