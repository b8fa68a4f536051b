"""The arithmetic of "same" padding, in one place."""

from __future__ import annotations

from collections.abc import Sequence

from kerastorch.base import errors

Pads = list[tuple[int, int]]


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """How many cells "same" padding adds before and after one dimension; the odd one goes after.

    The output has `ceil(size / stride)` cells.

    Args:
        size: The input's length.
        kernel: The window's length.
        stride: The window's step.
        dilation: The spacing of the window's cells.

    Returns:
        The pair (before, after).

    Example:
        >>> same_padding(5, 2, 2), same_padding(6, 3, 2), same_padding(7, 3)
        ((0, 1), (0, 1), (1, 1))
    """
    reach = (kernel - 1) * dilation + 1
    total = reach - 1 if stride == 1 else max(0, ((size + stride - 1) // stride - 1) * stride + reach - size)
    return total // 2, total - total // 2


def same_pads(sizes: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Pads:
    """`same_padding` of every dimension.

    Example:
        >>> same_pads((5, 4), (2, 3), (2, 1), (1, 1))
        [(0, 1), (1, 1)]
    """
    return [same_padding(n, k, s, d) for n, k, s, d in zip(sizes, kernel, strides, dilation, strict=True)]


def symmetric(pads: Pads) -> list[int] | None:
    """One number a dimension where both sides get the same, which torch's kernels take themselves; else None.

    Example:
        >>> symmetric([(1, 1), (0, 0)]), symmetric([(0, 1)])
        ([1, 0], None)
    """
    return [before for before, _ in pads] if all(before == after for before, after in pads) else None


def torch_order(pads: Pads) -> list[int]:
    """The flat list that `torch.nn.functional.pad` takes: last dimension first.

    Example:
        >>> torch_order([(1, 2), (3, 4)])
        [3, 4, 1, 2]
    """
    return [n for before_after in reversed(pads) for n in before_after]


def causal_padding(kernel: int, dilation: int = 1) -> tuple[int, int]:
    """The padding that lets no output cell see a later input cell.

    Example:
        >>> causal_padding(3, 2)
        (4, 0)
    """
    return (kernel - 1) * dilation, 0


def transposed_crop(
    kernel: int, stride: int, padding: str, output_padding: int | None = None, dilation: int = 1
) -> tuple[int, int]:
    """What a transposed convolution's full output loses before and after one dimension; negative means zeros added.

    The full output has `(size - 1) * stride + (kernel - 1) * dilation + 1` cells. "same" keeps `size * stride`
    of them, "valid" at least `size * stride`, unless `output_padding` says otherwise.

    Args:
        kernel: The kernel's length.
        stride: The step between the output cells of neighbouring input cells.
        padding: "valid" or "same".
        output_padding: Cells added at the end; None for Keras's choice.
        dilation: The spacing of the kernel's cells.

    Returns:
        The pair (before, after).

    Example:
        >>> transposed_crop(3, 2, "same"), transposed_crop(2, 3, "valid")
        ((0, 1), (0, -1))
    """
    if padding not in ("valid", "same"):
        raise errors.value_error("`padding`", expected="'valid' or 'same'", received=padding)
    reach = (kernel - 1) * dilation + 1
    if padding == "valid":
        return 0, -(max(reach, stride) - reach if output_padding is None else output_padding)
    total = reach - (stride if output_padding is None else reach % 2 + output_padding)
    before = max(total, 0) // 2
    return before, total - before
