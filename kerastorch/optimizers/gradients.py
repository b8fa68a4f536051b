"""What is done to gradients before an update, in place and without a sync: unscaling and Keras's ways of clipping."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Preparation = Callable[[list[Tensor]], None]


def preparations(
    loss_scale_factor: float | None, clipnorm: float | None, global_clipnorm: float | None, clipvalue: float | None
) -> list[Preparation]:
    """The functions a step calls on all gradients, in order.

    Args:
        loss_scale_factor: What the loss was multiplied by.
        clipnorm: The largest norm of one variable's gradient.
        global_clipnorm: The largest norm of all gradients together.
        clipvalue: The largest absolute value of a gradient's entry.

    Returns:
        An empty list when nothing is asked for.
    """
    chosen: list[Preparation] = []
    if loss_scale_factor is not None:
        chosen.append(lambda grads: unscale(grads, loss_scale_factor))
    if clipnorm:
        chosen.append(lambda grads: clip_each_norm(grads, clipnorm))
    if global_clipnorm:
        chosen.append(lambda grads: clip_global_norm(grads, global_clipnorm))
    if clipvalue:
        chosen.append(lambda grads: clip_values(grads, clipvalue))
    return chosen


def unscale(grads: list[Tensor], factor: float) -> None:
    """Divide all gradients by what the loss was multiplied by."""
    torch._foreach_div_(grads, factor)


def clip_each_norm(grads: list[Tensor], limit: float) -> None:
    """Scale every gradient whose own L2 norm is above `limit` down to it: g * limit / max(norm, limit).

    Example:
        >>> g = torch.tensor([3.0, 4.0])
        >>> clip_each_norm([g], 1.0)
        >>> [round(v, 4) for v in g.tolist()]
        [0.6, 0.8]
    """
    factors = torch._foreach_clamp_min(torch._foreach_norm(grads), limit)
    torch._foreach_reciprocal_(factors)
    torch._foreach_mul_(factors, limit)
    torch._foreach_mul_(grads, factors)


def clip_global_norm(grads: list[Tensor], limit: float) -> None:
    """Scale all gradients by one factor so that their common L2 norm is at most `limit`; NaN when the norm is infinite.

    Example:
        >>> a, b = torch.tensor([3.0]), torch.tensor([4.0])
        >>> clip_global_norm([a, b], 1.0)
        >>> round(a.item(), 4), round(b.item(), 4)
        (0.6, 0.8)
    """
    device = grads[0].device
    norm = torch.linalg.vector_norm(torch.stack([norm.to(device) for norm in torch._foreach_norm(grads)]))
    factor = limit / norm.clamp_min(limit) + (norm - norm)
    for device in {grad.device for grad in grads}:
        torch._foreach_mul_([grad for grad in grads if grad.device == device], factor.to(device))


def clip_values(grads: list[Tensor], limit: float) -> None:
    """Clamp every entry to [-limit, limit].

    Example:
        >>> g = torch.tensor([3.0, -0.2])
        >>> clip_values([g], 0.5)
        >>> [round(v, 4) for v in g.tolist()]
        [0.5, -0.2]
    """
    torch._foreach_clamp_min_(grads, -limit)
    torch._foreach_clamp_max_(grads, limit)
