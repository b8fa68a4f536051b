"""Rearranging dimensions by a pattern of their names."""

from __future__ import annotations

import math
import re

from torch import Tensor

from kerastorch.base import errors
from kerastorch.ops._symbolic import op

Groups = list[list[str]]


@op("einops", "tensor", call=("tensor", "pattern", "axes_lengths"))
def rearrange(tensor: Tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Split, reorder and join dimensions.

    Args:
        tensor: Any tensor.
        pattern: The dimensions' names before and after "->"; parentheses join several into one.
        **axes_lengths: The lengths of names inside of parentheses, but for one of each pair.

    Returns:
        A view where possible.

    Raises:
        ValueError: The pattern does not fit the tensor.

    Example:
        >>> import torch
        >>> tuple(rearrange(torch.zeros(2, 6, 3), "b (h w) c -> b c h w", h=2).shape)
        (2, 3, 2, 3)
    """
    before, after = _sides(pattern)
    if len(before) != tensor.ndim:
        raise errors.value_error("`tensor` of rearrange", expected=f"{len(before)} dimensions", received=tensor)
    lengths = dict(axes_lengths)
    for group, size in zip(before, tensor.shape, strict=True):
        _fill(lengths, group, size)
    order = [name for group in before for name in group]
    apart = tensor.reshape([lengths[name] for name in order])
    turned = apart.permute([order.index(name) for group in after for name in group])
    return turned.reshape([math.prod(lengths[name] for name in group) for group in after])


def _sides(pattern: str) -> tuple[Groups, Groups]:
    sides = [
        [found.strip("()").split() for found in re.findall(r"\([^()]*\)|[^\s()]+", side)]
        for side in pattern.split("->")
    ]
    names = [sorted(name for group in side for name in group) for side in sides]
    if len(sides) != 2 or names[0] != names[1] or len(set(names[0])) != len(names[0]):
        raise errors.value_error(
            "`pattern` of rearrange", expected="the same names, each once, on both sides of '->'", received=pattern
        )
    return sides[0], sides[1]


def _fill(lengths: dict[str, int], group: list[str], size: int) -> None:
    """Find the one length of a group that is not known yet."""
    unknown = [name for name in group if name not in lengths]
    known = math.prod(lengths[name] for name in group if name in lengths)
    if len(unknown) > 1 or (unknown and (not known or size % known)) or (not unknown and known != size):
        raise errors.value_error(
            f"Lengths of ({' '.join(group)}) in rearrange", expected=f"lengths with product {size}", received=lengths
        )
    for name in unknown:
        lengths[name] = size // known
