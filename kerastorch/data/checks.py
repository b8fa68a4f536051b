"""Looking at values before training: NaN and Inf, labels out of range, labels of the wrong kind.

Arrays are read in pieces, so that a memory-mapped file is looked at in little memory.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors
from kerastorch.data.convert import Rows, to_rows


def _rows(array: Any, name: str) -> Rows:
    return array if isinstance(array, Rows) else to_rows(array, name)


def _index(start: int, mask: Tensor) -> tuple[int, tuple[int, ...]]:
    """The first True in a piece that begins at row `start`: its flat number in the piece, its index in the array."""
    flat = int(mask.flatten().to(torch.uint8).argmax())
    first, *rest = (int(i) for i in torch.unravel_index(torch.tensor(flat), mask.shape))
    return flat, (first + start, *rest)


def _at(index: tuple[int, ...]) -> str:
    return f"at index {index[0] if len(index) == 1 else index}"


def check_finite(name: str, array: Any) -> None:
    """Refuse NaN and Inf.

    Costs a sum over the array: a sum is finite where all its terms are (an overflow is looked at more closely).

    Args:
        name: What the error calls the array, such as "`x`".
        array: An array, tensor or `Rows` of any shape; integers pass unread.

    Raises:
        ValueError: Names the first value that is not finite, and its index.

    Example:
        >>> check_finite("`x`", torch.tensor([[1.0, 2.0]]))
        >>> check_finite("`x`", torch.tensor([[1.0, float("nan")]]))
        Traceback (most recent call last):
        ...
        ValueError: `x`: expected finite numbers, received nan at index (0, 1). Remove or replace such values first \
(`numpy.nan_to_num`), or pass `check_data=False`.
    """
    rows = _rows(array, name)
    if not rows.dtype.is_floating_point:
        return
    for start, piece in rows.chunks():
        total = piece.sum() if piece.element_size() > 2 else piece.sum(dtype=torch.float32)
        if math.isfinite(total.item()):
            continue
        wrong = ~piece.isfinite()
        if not bool(wrong.any()):
            continue
        flat, index = _index(start, wrong)
        raise errors.value_error(
            name,
            expected="finite numbers",
            received=errors.Said(f"{piece.flatten()[flat].item()} {_at(index)}"),
            remedy="Remove or replace such values first (`numpy.nan_to_num`), or pass `check_data=False`.",
        )


def check_labels(
    name: str,
    y: Any,
    classes: int,
    *,
    output_rank: int = 2,
    ignore_class: int | None = None,
    loss: str = "sparse_categorical_crossentropy",
) -> None:
    """Refuse labels that are no class numbers, for losses that take integers.

    Args:
        name: What the error calls the labels, such as "`y`".
        y: Labels of shape (samples, ...) or (samples, ..., 1), integers or whole-numbered floats.
        classes: The size of the output's last dimension.
        output_rank: The number of the output's dimensions.
        ignore_class: A label that stands for "no label".
        loss: The loss, for the message.

    Raises:
        ValueError: Names the first wrong label, its index and the valid range.

    Example:
        >>> check_labels("`y`", torch.tensor([0, 2, 1]), classes=3)
    """
    rows = _rows(y, name)
    check_label_shape(name, rows.shape, classes, output_rank=output_rank, loss=loss)
    lowest, highest, problem = _scan_labels(rows, classes, ignore_class)
    if problem is None:
        return
    value, index = problem
    remedy = "Labels must be class numbers."
    if lowest == 1 and highest == classes:
        remedy = f"The labels start at 1 (1 to {classes}): subtract 1, `y - 1`."
    elif float(value).is_integer() and value >= classes:
        remedy = f"The output has {classes} units: give it at least {int(value) + 1}, or correct the labels."
    elif value < 0:
        remedy = "Number the classes from 0; a label for 'no class' needs the loss's `ignore_class`."
    raise errors.value_error(
        f"{name} with the loss {loss!r}",
        expected=f"integer labels from 0 to {classes - 1}",
        received=errors.Said(f"{value} {_at(index)}"),
        remedy=remedy,
    )


def check_label_shape(
    name: str,
    shape: tuple[int, ...],
    classes: int,
    *,
    output_rank: int = 2,
    loss: str = "sparse_categorical_crossentropy",
) -> None:
    """Refuse one-hot rows for losses that take class numbers.

    Args:
        name: What the error calls the labels.
        shape: Their shape.
        classes: The size of the output's last dimension.
        output_rank: The number of the output's dimensions.
        loss: The loss, for the message.

    Raises:
        ValueError: The labels have the shape of the output; the message names the right loss.

    Example:
        >>> check_label_shape("`y`", (8,), classes=3)
    """
    if classes > 1 and len(shape) == output_rank and shape[-1] == classes:
        raise errors.value_error(
            f"{name} with the loss {loss!r}",
            expected=f"class numbers 0 to {classes - 1}, one for each row of the output",
            received=errors.Said(f"rows of {classes} numbers (shape {shape}), as one-hot labels have"),
            remedy="Use `categorical_crossentropy` for one-hot labels, or turn them into numbers with `y.argmax(-1)`.",
        )


def _scan_labels(
    rows: Rows, classes: int, ignore_class: int | None
) -> tuple[float, float, tuple[float, tuple[int, ...]] | None]:
    """The lowest and the highest label, and the first wrong one with its index."""
    lowest, highest, problem = math.inf, -math.inf, None
    for start, piece in rows.chunks():
        piece = piece if piece.is_floating_point() else piece.to(torch.int64)
        if ignore_class is not None:
            piece = piece.masked_fill(piece == ignore_class, 0)
        if piece.numel() == 0:
            continue
        low, high = (float(v) for v in torch.aminmax(piece))
        lowest, highest = min(low, lowest), max(high, highest)
        whole = not piece.is_floating_point() or bool((piece == piece.round()).all())
        if problem is None and not (low >= 0 and high < classes and whole):
            wrong = ~((piece >= 0) & (piece < classes))
            if piece.is_floating_point():
                wrong |= piece != piece.round()
            flat, index = _index(start, wrong)
            problem = (piece.flatten()[flat].item(), index)
    return lowest, highest, problem


def check_one_hot(
    name: str, y: Any, classes: int, *, output_rank: int = 2, loss: str = "categorical_crossentropy"
) -> None:
    """Refuse class numbers, and rows of another width, for losses that take one-hot or probability rows.

    Args:
        name: What the error calls the targets.
        y: Targets of shape (samples, ..., classes).
        classes: The size of the output's last dimension.
        output_rank: The number of the output's dimensions.
        loss: The loss, for the message.

    Raises:
        ValueError: The targets have another shape; the message names the right loss for class numbers.

    Example:
        >>> check_one_hot("`y`", torch.eye(3), classes=3)
    """
    rows = _rows(y, name)
    rank, last = len(rows.shape), rows.shape[-1]
    numbers = rank == output_rank - 1 or (rank == output_rank and last == 1)
    if classes > 1 and numbers:
        raise errors.value_error(
            f"{name} with the loss {loss!r}",
            expected=f"one-hot rows of {classes} numbers",
            received=errors.Said(f"an array of shape {rows.shape}, as class numbers have"),
            remedy="Use `sparse_categorical_crossentropy` for class numbers, or turn them into rows with "
            f"`keras.utils.to_categorical(y, {classes})`.",
        )
    if rank != output_rank or last != classes:
        raise errors.value_error(
            f"{name} with the loss {loss!r}",
            expected=f"rows of {classes} numbers, as many as the output has",
            received=errors.Said(f"an array of shape {rows.shape}"),
            remedy=f"Give the last layer {last} units, or reshape the targets.",
        )
