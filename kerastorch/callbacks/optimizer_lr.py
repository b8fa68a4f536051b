"""Reading and setting the learning rate of Keras and torch optimizers alike."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import errors


def get_lr(optimizer: Any) -> float:
    """The learning rate that the optimizer would use now.

    Args:
        optimizer: An optimizer with `learning_rate`, or a torch optimizer (the rate of its first parameter group).

    Raises:
        TypeError: It has no learning rate.

    Example:
        >>> import torch
        >>> get_lr(torch.optim.SGD([torch.zeros(1)], lr=0.1))
        0.1
    """
    if hasattr(optimizer, "learning_rate"):
        return float(optimizer.learning_rate)
    return float(_groups(optimizer)[0]["lr"])


def set_lr(optimizer: Any, value: float) -> None:
    """Set the learning rate.

    The parameter groups of a torch optimizer keep their ratios to the first group's rate.

    Args:
        optimizer: An optimizer with `learning_rate`, or a torch optimizer.
        value: The rate, of the first parameter group where there are several.

    Raises:
        TypeError: It has no learning rate.

    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
        >>> set_lr(optimizer, 0.01)
        >>> get_lr(optimizer)
        0.01
    """
    if hasattr(optimizer, "learning_rate"):
        optimizer.learning_rate = value
        return
    groups = _groups(optimizer)
    first = float(groups[0]["lr"])
    for group in groups:
        rate = float(group["lr"])
        new = value if first == 0 or rate == first else value * (rate / first)
        if isinstance(group["lr"], Tensor):  # captured in a graph: the tensor must stay the same one
            group["lr"].fill_(new)
        else:
            group["lr"] = new


def named_optimizers(model: Any) -> list[tuple[str, Any]]:
    """The model's optimizers, each with the name of its learning rate in the logs.

    Returns:
        `[("learning_rate", optimizer)]`, or an entry per optimizer where `model.optimizer` holds several
        (`learning_rate_<name>`).
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    several = getattr(optimizer, "optimizers", None)
    return [(f"learning_rate_{part.name}", part) for part in several] if several else [("learning_rate", optimizer)]


def learning_rates(model: Any) -> dict[str, float]:
    """The learning rates of the model's optimizers, by their names in the logs."""
    return {name: get_lr(optimizer) for name, optimizer in named_optimizers(model)}


def _groups(optimizer: Any) -> Any:
    groups = getattr(optimizer, "param_groups", None)
    if not groups or "lr" not in groups[0]:
        raise errors.type_error(
            "The model's optimizer", expected="one with `learning_rate` or torch's `param_groups`", received=optimizer
        )
    return groups
