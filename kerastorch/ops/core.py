"""Conversion, shapes, casting, slices and scattered updates (`keras.ops`' core)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, registry
from kerastorch.ops import _convert
from kerastorch.ops._symbolic import op


@registry.register("ops")
def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Tensor:
    """A tensor of numbers, lists or arrays; tensors stay as they are.

    Args:
        x: Anything that holds numbers. Python integers become int32, floats `floatx()`; arrays keep their dtype.
        dtype: The dtype of the result.
        sparse: Only None or False: there are no sparse tensors here.
        ragged: Likewise.

    Returns:
        A tensor (a symbolic tensor stays symbolic).

    Raises:
        TypeError: `x` holds something else than numbers.

    Example:
        >>> convert_to_tensor([1, 2]), convert_to_tensor(np.ones(2))
        (tensor([1, 2], dtype=torch.int32), tensor([1., 1.], dtype=torch.float64))
    """
    if sparse or ragged:
        raise errors.value_error("`sparse` and `ragged`", expected="None or False", received=True)
    if hasattr(type(x), "__torch_function__") and not isinstance(x, Tensor):
        return x if dtype is None else cast(x, dtype)
    return _convert.to_tensor(x, dtype)


@registry.register("ops")
def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """A NumPy array of a tensor, detached and on the CPU; bfloat16 becomes float32.

    Example:
        >>> convert_to_numpy(torch.ones(2, requires_grad=True))
        array([1., 1.], dtype=float32)
    """
    return _convert.to_numpy(x)


@registry.register("ops")
def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor with values (not a symbolic one).

    Example:
        >>> is_tensor(torch.zeros(1)), is_tensor(np.zeros(1))
        (True, False)
    """
    return isinstance(x, Tensor)


@registry.register("ops")
def shape(x: Any) -> tuple[int | None, ...]:
    """The shape as a tuple; unknown dimensions of a symbolic tensor are None.

    Example:
        >>> shape(torch.zeros(2, 3))
        (2, 3)
    """
    return tuple(x.shape) if hasattr(x, "shape") else tuple(_convert.to_tensor(x).shape)


@registry.register("ops")
def dtype(x: Any) -> str:
    """The dtype's name.

    Example:
        >>> dtype(torch.zeros(1)), dtype([1])
        ('float32', 'int32')
    """
    return dtypes.dtype_name(x.dtype if hasattr(x, "dtype") else _convert.to_tensor(x).dtype)


@op("core", "x")
def cast(x: Tensor, dtype: Any) -> Tensor:
    """The values in another dtype.

    Args:
        x: Any tensor.
        dtype: The dtype wanted.

    Returns:
        A tensor; `x` itself if it has that dtype.

    Example:
        >>> cast([1.7, -1.7], "int32")
        tensor([ 1, -1], dtype=torch.int32)
    """
    return x.to(dtypes.torch_dtype(dtype))


@op("core", "x")
def saturate_cast(x: Tensor, dtype: Any) -> Tensor:
    """`cast`, with values beyond the new dtype's range brought to its ends instead of wrapping round."""
    wanted = dtypes.torch_dtype(dtype)
    have = _limits(x.dtype)
    want = _limits(wanted)
    low = want[0] if want[0] > have[0] else None
    high = want[1] if want[1] < have[1] else None
    if low is None and high is None:
        return x.to(wanted)
    if x.is_floating_point() and not wanted.is_floating_point and high is not None:
        high = np.nextafter(np.float32(high), np.float32(0)).item() if float(np.float32(high)) > high else high
    return torch.clamp(x, low, high).to(wanted)


def _limits(dtype: torch.dtype) -> tuple[float, float]:
    if dtype == torch.bool:
        return 0, 1
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    return info.min, info.max


@op("core", "variable")
def stop_gradient(variable: Tensor) -> Tensor:
    """The same values, through which no gradient flows.

    Example:
        >>> stop_gradient(torch.ones(1, requires_grad=True)).requires_grad
        False
    """
    return variable.detach()


@op("core", "x")
def unstack(x: Tensor, num: int | None = None, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, as a tuple; `num` may say how many there are.

    Example:
        >>> [v.tolist() for v in unstack([[1, 2], [3, 4]], axis=1)]
        [[1, 3], [2, 4]]
    """
    if num is not None and num != x.shape[axis]:
        raise errors.value_error("`num` of unstack", expected=f"{x.shape[axis]}, the axis's length", received=num)
    return x.unbind(axis)


@op("core", "inputs", call=("inputs", "start_indices"))
def slice(inputs: Tensor, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """A block of a tensor.

    Args:
        inputs: Any tensor.
        start_indices: Where the block starts, one index for each dimension.
        shape: The block's shape.

    Returns:
        A view.

    Example:
        >>> slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2))
        tensor([[2, 3],
                [5, 6]], dtype=torch.int32)
    """
    for dim, length in enumerate(shape):
        start = start_indices[dim]
        length = inputs.shape[dim] - int(start) if length == -1 else int(length)
        inputs = torch.narrow(inputs, dim, start if isinstance(start, Tensor) else int(start), length)
    return inputs


@op("core", "inputs", "updates", call=("inputs", "start_indices", "updates"))
def slice_update(inputs: Tensor, start_indices: Any, updates: Tensor) -> Tensor:
    """A copy of a tensor with a block of it replaced.

    Args:
        inputs: Any tensor.
        start_indices: Where the block starts, one index for each dimension.
        updates: The new block.

    Returns:
        A new tensor.

    Example:
        >>> slice_update([1, 2, 3], [1], [9, 9])
        tensor([1, 9, 9], dtype=torch.int32)
    """
    index = []
    for dim, length in enumerate(updates.shape):
        steps = torch.arange(length, device=inputs.device) + start_indices[dim]
        index.append(steps.reshape(-1, *(1,) * (updates.ndim - 1 - dim)))
    return inputs.index_put(tuple(index), updates.to(inputs.dtype))


@op("core", "indices", "values")
def scatter(indices: Tensor, values: Tensor, shape: Sequence[int]) -> Tensor:
    """Zeros with values added at indices.

    Args:
        indices: Shape (..., k): the first k coordinates of each value.
        values: Shape (..., *shape[k:]).
        shape: The result's shape.

    Returns:
        A new tensor; values at one index are summed.

    Example:
        >>> scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,))
        tensor([1., 0., 5., 0.])
    """
    depth = indices.shape[-1]
    zeros = torch.zeros(tuple(shape), dtype=values.dtype, device=values.device)
    flat = tuple(indices.reshape(-1, depth).long().unbind(-1))
    return zeros.index_put(flat, values.reshape(-1, *shape[depth:]), accumulate=True)


_REDUCTIONS = {"max": "amax", "min": "amin", "mul": "prod"}


@op("core", "inputs", "indices", "updates")
def scatter_update(inputs: Tensor, indices: Tensor, updates: Tensor, reduction: str | None = None) -> Tensor:
    """A copy of a tensor with values replaced (or combined) at indices.

    Args:
        inputs: Any tensor.
        indices: Shape (count, k): the first k coordinates of each update.
        updates: Shape (count, *inputs.shape[k:]).
        reduction: None replaces; "add", "max", "min" and "mul" combine with what is there.

    Returns:
        A new tensor.

    Raises:
        ValueError: The reduction is unknown.

    Example:
        >>> scatter_update([1, 2, 3], [[0], [2]], [7, 8])
        tensor([7, 2, 8], dtype=torch.int32)
    """
    index, new = tuple(indices.long().unbind(-1)), updates.to(inputs.dtype)
    if reduction is None or reduction == "add":
        return inputs.index_put(index, new, accumulate=reduction == "add")
    if reduction not in _REDUCTIONS:
        raise errors.unknown_name("reduction of scatter_update", reduction, ("add", *_REDUCTIONS))
    depth = indices.shape[-1]
    flat = torch.zeros_like(index[0])
    for i, length in zip(index, inputs.shape[:depth], strict=True):
        flat = flat * length + torch.where(i < 0, i + length, i)
    rows, new = inputs.reshape(-1, *inputs.shape[depth:]), new.reshape(-1, *inputs.shape[depth:])
    spread = flat.reshape(-1, *(1,) * (new.ndim - 1)).expand_as(new)
    return rows.scatter_reduce(0, spread, new, _REDUCTIONS[reduction]).reshape(inputs.shape)


class _CustomGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], *args: Any) -> Any:
        tensors = [a for a in args if isinstance(a, Tensor)]
        ctx.save_for_backward(*tensors)
        ctx.rest = [None if isinstance(a, Tensor) else a for a in args]
        ctx.is_tensor = [isinstance(a, Tensor) for a in args]
        output, ctx.backward_function = function(*args)
        return output

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        saved = iter(ctx.saved_tensors)
        args = [next(saved) if kind else rest for kind, rest in zip(ctx.is_tensor, ctx.rest, strict=True)]
        gradients = ctx.backward_function(*args, upstream=upstream[0] if len(upstream) == 1 else upstream)
        return None, *(gradients if isinstance(gradients, tuple) else (gradients,))


@registry.register("ops")
def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator for functions that say their own gradient.

    Args:
        f: Takes tensors and returns `(output, gradient)`, where `gradient(*args, upstream)` gives one gradient for
            each argument.

    Returns:
        A function with that output and that gradient.

    Example:
        >>> @custom_gradient
        ... def double_with_gradient_of_five(x):
        ...     return 2 * x, lambda x, upstream: 5 * upstream
        >>> x = torch.ones((), requires_grad=True)
        >>> double_with_gradient_of_five(x).backward()
        >>> x.grad
        tensor(5.)
    """

    def call(*args: Any) -> Any:
        symbols = [a for a in args if hasattr(type(a), "__torch_function__") and not isinstance(a, Tensor)]
        if symbols:
            return type(symbols[0]).__torch_function__(call, tuple({type(s) for s in symbols}), args, {})
        return _CustomGradient.apply(f, *args)

    call.__name__ = getattr(f, "__name__", "custom_gradient")
    return call
