"""Which losses and metrics are refused because of how they are reduced, and which losses are sums over the rows."""

from __future__ import annotations

from typing import Any

from kerastorch.base import errors
from kerastorch.data.batch import Batch
from kerastorch.engine.objective import Objective
from kerastorch.losses import Loss


def reduction_of(function: Any) -> Any:
    """The reduction of a loss, ours or torch's; "mean" for what has none.

    Example:
        >>> reduction_of(Loss(reduction="sum"))
        'sum'
    """
    return getattr(getattr(function, "module", function), "reduction", "mean")  # torch's stand in an adapter


def check_metrics(objective: Objective, ranks: int) -> None:
    """Refuse metrics whose figures on several ranks could not be made one.

    Args:
        objective: Holds the metrics.
        ranks: How many share a batch.

    Raises:
        TypeError: One is neither ours nor has torchmetrics's `sync`.
    """
    for metric in (*(term.metric for term in objective.metrics.terms), *objective.others) if ranks > 1 else ():
        if not getattr(metric, "combines", hasattr(metric, "synchronize")):
            raise errors.type_error(
                f"Metric {metric.name!r} on {ranks} devices",
                expected="a `keras.Metric`, or a torchmetrics object with its method `sync`",
                received=getattr(metric, "metric", metric),
                remedy="Derive it from `keras.Metric` and keep its state in `add_variable`, or from "
                "`torchmetrics.Metric` and keep it in `add_state`: then the devices' figures are made one.",
            )


def check_reduction(function: Any, batch: Batch, ranks: int, usage: str) -> None:
    """Refuse a loss that gives no scalar to train with, or whose value on several ranks would not be that of one.

    Args:
        function: The loss of one output.
        batch: A batch of the run.
        ranks: How many share it.
        usage: The method that was called, for the message.

    Raises:
        ValueError: It is refused.
    """
    reduction = reduction_of(function)
    name = getattr(function, "name", type(function).__name__)
    if isinstance(function, Loss) and reduction in (None, "none") and usage not in ("evaluate", "validation_data"):
        raise errors.value_error(
            f"`reduction` of the loss {name!r} in {usage}",
            expected="one that gives a single number to minimise",
            received=reduction,
            remedy='Use "sum_over_batch_size" or "sum", or reduce the losses yourself in an own `compute_loss`.',
        )
    if reduction == "mean_with_sample_weight" and ranks > 1 and batch.sample_weight is not None:
        raise errors.value_error(
            f"`reduction` of the loss {name!r} on {ranks} devices, with sample or class weights",
            expected='"sum_over_batch_size" or "sum"',
            received=reduction,
            remedy="A device knows only the weights of its own rows: divide your weights by their mean, and use "
            '"sum_over_batch_size".',
        )
