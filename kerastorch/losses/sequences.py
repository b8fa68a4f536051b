"""The loss of unaligned sequences: connectionist temporal classification."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.losses.pairing import as_scores, as_tensor
from kerastorch.losses.wrapper import NamedLoss


@registry.register("losses")
def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """-log of the probability of a label sequence, summed over its alignments; class 0 is the blank and the padding.

    From Graves et al., "Connectionist Temporal Classification", 2006.

    Args:
        y_true: Class numbers from 1, padded with 0, shape `(batch, max_label_length)`.
        y_pred: Logits, shape `(batch, steps, classes)`.

    Returns:
        Losses, shape `(batch,)`.

    Raises:
        ValueError: The ranks are wrong.

    Example:
        >>> ctc([[1]], [[[0.0, 0.0]]])
        tensor([0.6931])
    """
    y_pred = as_scores(y_pred)
    y_true = as_tensor(y_true, y_pred.device).long()
    if y_true.ndim != 2 or y_pred.ndim != 3:
        raise errors.value_error(
            "ctc",
            expected="`y_true` of shape (batch, max_length) and `y_pred` of shape (batch, steps, classes)",
            received=errors.Said(f"{tuple(y_true.shape)} and {tuple(y_pred.shape)}"),
        )
    dtype = torch.promote_types(y_pred.dtype, torch.float32)
    log_probabilities = torch.log_softmax(y_pred.to(dtype), -1).transpose(0, 1)
    steps = torch.full((y_pred.shape[0],), y_pred.shape[1], device=y_pred.device)
    return F.ctc_loss(log_probabilities, y_true, steps, (y_true != 0).sum(-1), blank=0, reduction="none")


@registry.register("losses")
class CTC(NamedLoss):
    """The CTC loss; see `ctc`.

    Args:
        reduction: As for `Loss`.
        name: Its name.
        dtype: As for `Loss`.

    Example:
        >>> CTC()([[1]], [[[0.0, 0.0]]])
        tensor(0.6931)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(ctc, reduction, name, dtype)
