"""Class weights and sample weights: checked, and made into one weight a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import dtypes, errors, nested, policy
from kerastorch.data.batch import Batch
from kerastorch.data.convert import Rows, to_tensor


class ClassWeights:
    """A table from class to weight.

    Args:
        class_weight: Class number to weight.

    Raises:
        TypeError: It is no dict.
        ValueError: A class that is no integer >= 0, or a weight that is no finite number >= 0.

    Example:
        >>> ClassWeights({0: 1.0, 1: 5.0})(torch.tensor([1, 0, 1]), "`y`")
        tensor([5., 1., 5.])
    """

    def __init__(self, class_weight: Mapping[int, float]) -> None:
        if not isinstance(class_weight, Mapping):
            raise errors.type_error("`class_weight`", expected="a dict {class: weight}", received=class_weight)
        if not class_weight:
            raise errors.value_error("`class_weight`", expected="a weight for every class", received=class_weight)
        for label, weight in class_weight.items():
            if isinstance(label, bool) or not hasattr(label, "__index__") or label < 0:
                raise errors.value_error("`class_weight`", expected="integer classes >= 0 as keys", received=label)
            if not _is_weight(weight):
                raise errors.value_error(f"`class_weight[{label}]`", expected="a finite number >= 0", received=weight)
        self.classes = sorted(int(label) for label in class_weight)
        self._table = torch.full((self.classes[-1] + 1,), float("nan"), dtype=dtypes.torch_dtype(policy.floatx()))
        for label, weight in class_weight.items():
            self._table[int(label)] = float(weight)

    def __call__(self, y: Tensor, where: str) -> Tensor:
        """The weights of a block of samples.

        Args:
            y: Integer labels of shape (n,) or (n, 1), or one-hot rows of shape (n, classes).
            where: What an error calls the labels.

        Returns:
            Weights of shape (n,).

        Raises:
            ValueError: A class has no weight, or the labels have another shape.
        """
        if y.dim() > 2:
            raise errors.value_error(
                f"{where} with `class_weight`",
                expected="labels of shape (samples,), (samples, 1) or one-hot rows",
                received=y,
            )
        one_hot = y.dim() == 2 and y.shape[1] != 1
        labels = (y.argmax(dim=1) if one_hot else y.reshape(-1).round()).to(torch.int64)
        beyond = (labels < 0) | (labels >= len(self._table))
        weights = self._table.to(y.device)[labels.masked_fill(beyond, 0)].masked_fill(beyond, float("nan"))
        missing = weights.isnan()
        if bool(missing.any()):
            raise errors.value_error(
                "`class_weight`",
                expected=f"a weight for every class in {where}",
                received=errors.Said(f"weights for {self.classes} but not for class {int(labels[missing][0])}"),
                remedy="Give every class a weight; 1.0 leaves it as it is.",
            )
        return weights

    def of(self, y: Rows) -> Tensor:
        """The weights of a whole array of labels, read in pieces."""
        return torch.cat([self(piece, "`y`") for _, piece in y.chunks()])

    def weigh(self, batch: Batch, where: str) -> Batch:
        """A batch with weights from its labels.

        Raises:
            ValueError: It already has weights, has several targets or none, or a class has no weight.
        """
        if batch.sample_weight is not None:
            raise both_weights()
        if batch.y is None or nested.is_nested(batch.y):
            raise several_targets(batch.y)
        weights = self(to_tensor(batch.y, where), f"{where}: y")
        return Batch(batch.x, batch.y, weights, batch.size)


def _is_weight(weight: Any) -> bool:
    try:
        return 0 <= float(weight) < float("inf")
    except (TypeError, ValueError):
        return False


def both_weights() -> ValueError:
    """The refusal of `class_weight` beside `sample_weight`."""
    return errors.value_error(
        "`class_weight` and `sample_weight`",
        expected="one of them",
        received=errors.Said("both"),
        remedy="Multiply the class weights into `sample_weight`.",
    )


def several_targets(y: Any) -> ValueError:
    """The refusal of `class_weight` for anything but one target."""
    return errors.value_error(
        "`class_weight`",
        expected="one target `y` of class labels",
        received=errors.Said("no `y`" if y is None else f"{len(nested.flatten(y))} targets"),
        remedy="With several outputs pass `sample_weight` arrays nested as `y`.",
    )


def spread(sample_weight: Any, y: Any) -> Any:
    """One sample weight for several targets: the same for each; weights nested as the targets stay as they are.

    Raises:
        ValueError: The nesting differs from that of `y`.
    """
    if sample_weight is None or not nested.is_nested(y):
        return sample_weight
    if not nested.is_nested(sample_weight):
        return nested.map_structure(lambda _: sample_weight, y)
    nested.assert_same_paths(y, sample_weight)
    return sample_weight


def check_sample_weight(where: str, weights: Rows) -> None:
    """Refuse weights that are negative or no numbers.

    Raises:
        ValueError: Names the first such weight.

    Example:
        >>> from kerastorch.data.convert import to_rows
        >>> check_sample_weight("`sample_weight`", to_rows(torch.tensor([1.0, 0.5]), "`sample_weight`"))
    """
    for start, piece in weights.chunks():
        if piece.numel() == 0 or bool((piece >= 0).all()):
            continue
        first = (~(piece >= 0)).nonzero()[0].tolist()
        index = (first[0] + start, *first[1:])
        raise errors.value_error(
            where,
            expected="weights >= 0",
            received=errors.Said(f"{piece[tuple(first)].item()} at index {index}"),
            remedy="Give a sample that shall not count the weight 0.",
        )
