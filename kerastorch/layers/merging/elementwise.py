"""`Add`, `Subtract`, `Multiply`, `Average`, `Maximum`, `Minimum`, and the same as functions."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.layers.merging.merge import Merge, spread


@registry.register("layers")
class Add(Merge):
    """The sum of its inputs.

    Args:
        **kwargs: `name`, `dtype`.

    Shapes:
        A list of shapes that broadcast -> the broadcast shape.

    Example:
        >>> Add()([torch.ones(2), torch.ones(2)]).tolist()
        [2.0, 2.0]
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(operator.add, inputs)


@registry.register("layers")
class Subtract(Merge):
    """The first input minus the second.

    Args:
        **kwargs: `name`, `dtype`.

    Shapes:
        Two shapes that broadcast -> the broadcast shape.

    Example:
        >>> Subtract()([torch.ones(2), torch.ones(2)]).tolist()
        [0.0, 0.0]
    """

    _number = 2

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return inputs[0] - inputs[1]


@registry.register("layers")
class Multiply(Merge):
    """The product of its inputs. A masked value counts as 1; where all inputs are masked the result is 0.

    Args:
        **kwargs: `name`, `dtype`.

    Shapes:
        A list of shapes that broadcast -> the broadcast shape.

    Example:
        >>> Multiply()([torch.full((2,), 3.0), torch.full((2,), 2.0)]).tolist()
        [6.0, 6.0]
    """

    def call(self, inputs: list[Tensor], mask: Any = None) -> Tensor:
        """The product."""
        inputs = self._aligned(inputs)
        if mask is None:
            return reduce(operator.mul, inputs)
        masks = [spread(m, x) for m, x in zip(mask, inputs, strict=True)]
        factors = [x if m is None else torch.where(m, x, 1) for m, x in zip(masks, inputs, strict=True)]
        product = reduce(operator.mul, factors)
        known = [m for m in masks if m is not None]
        if len(known) < len(masks):
            return product
        return torch.where(reduce(operator.or_, known), product, 0)


@registry.register("layers")
class Average(Merge):
    """The mean of its inputs.

    Args:
        **kwargs: `name`, `dtype`.

    Shapes:
        A list of shapes that broadcast -> the broadcast shape.

    Example:
        >>> Average()([torch.zeros(2), torch.ones(2)]).tolist()
        [0.5, 0.5]
    """

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        return reduce(operator.add, inputs) / len(inputs)


class _Extremum(Merge):
    """Base of `Maximum` and `Minimum`: masked values do not count."""

    def _pick(self, a: Tensor, b: Tensor) -> Tensor:
        raise NotImplementedError

    def call(self, inputs: list[Tensor], mask: Any = None) -> Tensor:
        """The extremum at each place."""
        inputs = self._aligned(inputs)
        if mask is None:
            return reduce(self._pick, inputs)
        masks = [spread(m, x) for m, x in zip(mask, inputs, strict=True)]
        result, seen = inputs[0], masks[0]
        for x, m in zip(inputs[1:], masks[1:], strict=True):
            if m is not None:
                x = torch.where(m, x, result)
            if seen is not None:
                result = torch.where(seen, result, x)
            seen = None if seen is None or m is None else torch.logical_or(seen, m)
            result = self._pick(result, x)
        return result


@registry.register("layers")
class Maximum(_Extremum):
    """The greatest of its inputs at each place.

    Args:
        **kwargs: `name`, `dtype`.

    Shapes:
        A list of shapes that broadcast -> the broadcast shape.

    Example:
        >>> Maximum()([torch.zeros(2), torch.ones(2)]).tolist()
        [1.0, 1.0]
    """

    def _pick(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.maximum(a, b)


@registry.register("layers")
class Minimum(_Extremum):
    """The least of its inputs at each place.

    Args:
        **kwargs: `name`, `dtype`.

    Shapes:
        A list of shapes that broadcast -> the broadcast shape.

    Example:
        >>> Minimum()([torch.zeros(2), torch.ones(2)]).tolist()
        [0.0, 0.0]
    """

    def _pick(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.minimum(a, b)


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add(**kwargs)(inputs)`: the sum of a list of tensors.

    Example:
        >>> add([torch.ones(2), torch.ones(2)]).tolist()
        [2.0, 2.0]
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract(**kwargs)(inputs)`: the first of two tensors minus the second.

    Example:
        >>> subtract([torch.ones(2), torch.ones(2)]).tolist()
        [0.0, 0.0]
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply(**kwargs)(inputs)`: the product of a list of tensors.

    Example:
        >>> multiply([torch.ones(2), torch.ones(2)]).tolist()
        [1.0, 1.0]
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average(**kwargs)(inputs)`: the mean of a list of tensors.

    Example:
        >>> average([torch.zeros(2), torch.ones(2)]).tolist()
        [0.5, 0.5]
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum(**kwargs)(inputs)`: the greatest of a list of tensors at each place.

    Example:
        >>> maximum([torch.zeros(2), torch.ones(2)]).tolist()
        [1.0, 1.0]
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum(**kwargs)(inputs)`: the least of a list of tensors at each place.

    Example:
        >>> minimum([torch.zeros(2), torch.ones(2)]).tolist()
        [0.0, 0.0]
    """
    return Minimum(**kwargs)(inputs)
