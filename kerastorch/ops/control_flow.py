"""Conditions and loops, in plain Python on tensors."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, nested, registry
from kerastorch.ops._convert import to_tensor
from kerastorch.ops._symbolic import op


@op("core", "pred", call=("pred", "true_fn", "false_fn"))
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """The result of one of two functions.

    Args:
        pred: A truth value; on a GPU tensor this waits for the device.
        true_fn: Called without arguments where it holds.
        false_fn: Called otherwise.

    Returns:
        What the chosen function returns.

    Example:
        >>> cond(True, lambda: "yes", lambda: "no")
        'yes'
    """
    if isinstance(pred, Tensor) and pred.is_meta:
        return true_fn()
    return true_fn() if pred else false_fn()


@op("core", "index", call=("index", "branches", "operands"))
def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """The result of the function at `index` (brought into the list's range), called on `operands`.

    Example:
        >>> switch(1, [lambda x: x, lambda x: 2 * x], 5)
        10
    """
    place = 0 if isinstance(index, Tensor) and index.is_meta else int(index)
    return branches[builtins.min(builtins.max(place, 0), len(branches) - 1)](*operands)


@registry.register("ops")
def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Call `body` on its own results for as long as `cond` holds.

    Args:
        cond: Takes the loop's values and says whether to go on.
        body: Takes the loop's values and returns the next ones.
        loop_vars: The first values: one, or a tuple or list.
        maximum_iterations: The most rounds.

    Returns:
        The last values, structured as `loop_vars`.

    Example:
        >>> while_loop(lambda i: i < 5, lambda i: i + 2, 0)
        tensor(6, dtype=torch.int32)
    """
    several = isinstance(loop_vars, (tuple, list))
    values = nested.map_structure(to_tensor, tuple(loop_vars) if several else (loop_vars,))
    rounds = 0
    while (maximum_iterations is None or rounds < maximum_iterations) and cond(*values):
        values = body(*values)
        values = tuple(values) if isinstance(values, (tuple, list)) else (values,)
        rounds += 1
    return values if several else values[0]


@registry.register("ops")
def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Call `body_fun(i, value)` for every i from `lower` up to (not with) `upper`, each time on the last result.

    Example:
        >>> fori_loop(0, 4, lambda i, total: total + i, 0)
        6
    """
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


@registry.register("ops")
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """Walk along the first axis with a state, collecting an output at every step.

    Args:
        f: `f(carry, x) -> (carry, y)`; y may be None.
        init: The first state, a tensor or structure of them.
        xs: What is walked along, a tensor or structure; None walks `length` steps on None.
        length: How many steps.
        reverse: Whether to walk from the end (outputs stay in the order of `xs`).
        unroll: Accepted for Keras's sake; Python's loop is unrolled anyway.

    Returns:
        The last state and the stacked outputs.

    Example:
        >>> scan(lambda c, x: (c + x, c), torch.tensor(0), torch.tensor([1, 2, 3]))
        (tensor(6), tensor([0, 1, 3]))
    """
    if not callable(f):
        raise errors.type_error("`f` of scan", expected="a function", received=f)
    if xs is None and length is None:
        raise errors.value_error("`xs` and `length` of scan", expected="one of them", received=None)
    carry = nested.map_structure(to_tensor, init)
    rows = None if xs is None else nested.map_structure(to_tensor, xs)
    steps = length if length is not None else nested.flatten(rows)[0].shape[0]
    nothing = nested.map_structure(torch.zeros_like, carry)
    outputs = []
    for i in range(steps - 1, -1, -1) if reverse else range(steps):
        carry, y = f(carry, None if rows is None else nested.map_structure(lambda x, i=i: x[i], rows))
        outputs.append(nothing if y is None else y)
    if reverse:
        outputs.reverse()
    return carry, nested.map_structure(lambda *ys: torch.stack(ys), *outputs)


@registry.register("ops")
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of every slice along the first axis, stacked.

    Example:
        >>> map(lambda x: 2 * x, torch.tensor([1, 2]))
        tensor([2, 4])
    """
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


@registry.register("ops")
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`f` of every slice along the first axis, in one go (`torch.vmap`).

    Example:
        >>> vectorized_map(torch.sum, torch.ones(2, 3))
        tensor([3., 3.])
    """
    return torch.vmap(function)(nested.map_structure(to_tensor, elements))


@registry.register("ops")
def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """All running results of an associative function, in logarithmically many steps.

    Args:
        f: Takes two structures of tensors and combines them elementwise.
        elems: A tensor or structure; all have one length along `axis`.
        reverse: Whether results run from the end.
        axis: The axis.

    Returns:
        A structure like `elems`: place i holds `f` over places 0 to i.

    Example:
        >>> associative_scan(lambda a, b: a + b, torch.tensor([1, 2, 3, 4]))
        tensor([ 1,  3,  6, 10])
    """
    if not callable(f):
        raise errors.type_error("`f` of associative_scan", expected="a function", received=f)
    state = [torch.movedim(to_tensor(e), axis, 0) for e in nested.flatten(elems)]
    if len({len(s) for s in state}) > 1:
        raise errors.value_error("`elems`", expected="one length along the axis", received=[len(s) for s in state])
    if reverse:
        state = [s.flip(0) for s in state]
    reach = 1
    while reach < len(state[0]):
        earlier = nested.pack_sequence_as(elems, [torch.movedim(s[:-reach], 0, axis) for s in state])
        later = nested.pack_sequence_as(elems, [torch.movedim(s[reach:], 0, axis) for s in state])
        joined = [torch.movedim(j, axis, 0) for j in nested.flatten(f(earlier, later))]
        state = [torch.cat((s[:reach], j)) for s, j in zip(state, joined, strict=True)]
        reach *= 2
    if reverse:
        state = [s.flip(0) for s in state]
    return nested.pack_sequence_as(elems, [torch.movedim(s, 0, axis) for s in state])


@registry.register("ops")
def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Sequence[int | str] | None = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function of single values (or small tensors) made one of whole tensors, which are broadcast.

    Args:
        pyfunc: Takes tensors without the leading dimensions and returns a tensor or several.
        excluded: Positions and names of arguments that are handed over as they are.
        signature: The dimensions `pyfunc` handles itself, such as "(n),(n)->()"; default none.

    Returns:
        The function on tensors.

    Example:
        >>> vectorize(lambda a, b: a if a > b else b, excluded=None)  # doctest: +ELLIPSIS
        <function ...>
        >>> vectorize(torch.dot, signature="(n),(n)->()")(torch.ones(4, 3), torch.ones(3))
        tensor([3., 3., 3., 3.])
    """
    kept = set(excluded or ())
    inner = None if signature is None else [len(_dimensions(a)) for a in signature.split("->")[0].split("),")]

    @functools.wraps(pyfunc)
    def call(*args: Any, **kwargs: Any) -> Any:
        places = [i for i in range(len(args)) if i not in kept]
        tensors = [to_tensor(args[i]) for i in places]
        depths = inner or [0] * len(tensors)
        leading = [t.shape[: t.ndim - d] for t, d in zip(tensors, depths, strict=True)]
        shape = torch.broadcast_shapes(*leading)  # type: ignore[no-untyped-call]

        def one(*values: Tensor) -> Any:
            full = list(args)
            for i, value in zip(places, values, strict=True):
                full[i] = value
            return pyfunc(*full, **kwargs)

        function = one
        for _ in shape:
            function = torch.vmap(function)
        wide = [t.expand(*shape, *t.shape[len(lead) :]) for t, lead in zip(tensors, leading, strict=True)]
        return function(*wide)

    return call


def _dimensions(text: str) -> list[str]:
    return [name for name in text.strip(" ()").split(",") if name.strip()]
