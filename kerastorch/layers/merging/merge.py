"""Base of layers that make one tensor of several."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, nested
from kerastorch.nn import graph
from kerastorch.nn.layer import Layer
from kerastorch.nn.tracking import live


class Merge(Layer):
    """Base of layers that are called on a list of tensors; subclasses write `_merge`.

    Inputs of fewer dimensions get dimensions of size 1 after the batch, then all are broadcast against each other.

    Args:
        **kwargs: `name`, `dtype`.
    """

    supports_masking = True
    makes_masks = False
    _number: int | None = None  # how many inputs there must be

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Merge; a list of plain tensors goes the short way."""
        if self._fast and not kwargs and len(args) == 1 and not live.on and not graph.inferring.on:
            (inputs,) = args
            if type(inputs) is list and all(type(x) is Tensor and x.dtype in self._accepts for x in inputs):
                return self._call_impl(inputs)
        return super().__call__(*args, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Check that the shapes can be merged."""
        shapes = self._shapes(input_shape)
        self.compute_output_shape(shapes)
        self._same_rank = len({len(shape) for shape in shapes}) == 1

    def _shapes(self, input_shape: Any) -> list[Any]:
        if not isinstance(input_shape, (list, tuple)) or not input_shape or not nested.is_shape(input_shape[0]):
            raise errors.value_error(
                f"Input of layer {self.name!r}",
                expected="a list of tensors",
                received=errors.Said(f"shape {input_shape}"),
                remedy=f"Call it as {type(self).__name__}()([a, b]).",
            )
        if self._number is not None and len(input_shape) != self._number:
            raise errors.value_error(
                f"Input of layer {self.name!r}",
                expected=f"a list of {self._number} tensors",
                received=errors.Said(f"{len(input_shape)} tensors"),
            )
        return list(input_shape)

    def call(self, inputs: list[Tensor]) -> Tensor:
        """The merged tensor."""
        return self._merge(self._aligned(inputs))

    def _aligned(self, inputs: list[Tensor]) -> list[Tensor]:
        if self._same_rank:
            return inputs
        rank = max(x.ndim for x in inputs)
        return [x.reshape(x.shape[0], *(1,) * (rank - x.ndim), *x.shape[1:]) for x in inputs]

    def _merge(self, inputs: list[Tensor]) -> Tensor:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The broadcast shape of all inputs."""
        shapes = self._shapes(input_shape)
        rank = max(len(shape) for shape in shapes)
        aligned = [(shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]
        batches = {shape[0] for shape in shapes} - {None}
        rest = [_broadcast(sizes) for sizes in list(zip(*aligned, strict=True))[1:]]
        if len(batches) > 1 or -1 in rest:
            raise errors.value_error(
                f"Input of layer {self.name!r}",
                expected="shapes that are equal, or 1, in every dimension",
                received=errors.Said(f"shapes {shapes}"),
            )
        return (next(iter(batches), None), *rest)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """True where any input has data; None unless all inputs have masks."""
        if not isinstance(previous_mask, (list, tuple)) or any(m is None for m in previous_mask):
            return None
        return reduce(torch.logical_or, previous_mask)


def _broadcast(sizes: tuple[Any, ...]) -> int | None:
    """The size of dimensions broadcast against each other: None where one is unknown, -1 where they do not fit."""
    if None in sizes:
        return None
    found = set(sizes) - {1}
    return -1 if len(found) > 1 else next(iter(found), 1)


def spread(mask: Tensor | None, like: Tensor) -> Tensor | None:
    """A mask of steps as a mask of all values of `like`."""
    return None if mask is None else mask.unsqueeze(-1).broadcast_to(like.shape)
