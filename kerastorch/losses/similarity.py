"""The loss of directions: cosine similarity."""

from __future__ import annotations

from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import registry
from kerastorch.config import epsilon
from kerastorch.losses.pairing import as_pair
from kerastorch.losses.wrapper import NamedLoss


@registry.register("losses")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Minus the cosine between truth and prediction: -1 for the same direction, 1 for the opposite one.

    Args:
        y_true: Truth, shape `(batch, d0, ..., dN)`.
        y_pred: Predictions of the same shape.
        axis: The dimension along which the vectors lie.

    Returns:
        Losses, `axis` removed.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> cosine_similarity([[0.0, 2.0]], [[0.0, 1.0]])
        tensor([-1.])
    """
    truth, scores = as_pair(y_true, y_pred)
    return -F.cosine_similarity(truth, scores, dim=axis, eps=epsilon())


@registry.register("losses")
class CosineSimilarity(NamedLoss):
    """Minus the cosine between truth and prediction; see `cosine_similarity`.

    Args:
        axis: The dimension along which the vectors lie.
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> CosineSimilarity()([[0.0, 2.0]], [[0.0, 1.0]])
        tensor(-1.)
    """

    _quiet: ClassVar[dict[str, Any]] = {"axis": -1}

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
