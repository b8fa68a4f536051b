"""An optimizer whose parameters are replaced by others of the same values: by shards of them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from kerastorch.base.sharded import spread
from kerastorch.optimizers.optimizer import Optimizer


def replace_parameters(optimizer: torch.optim.Optimizer, pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Let an optimizer, torch's or ours, go on with other parameters; its state is laid out as they are.

    Args:
        optimizer: The optimizer.
        pairs: Each parameter with the one that stands for it now.

    Example:
        >>> old, new = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.ones(2))
        >>> optimizer = torch.optim.SGD([old], lr=0.1)
        >>> replace_parameters(optimizer, [(old, new)])
        >>> optimizer.param_groups[0]["params"][0] is new
        True
    """
    now = {id(old): new for old, new in pairs}
    for group in optimizer.param_groups:
        group["params"] = [now.get(id(p), p) for p in group["params"]]
    for old in [p for p in optimizer.state if isinstance(p, Tensor) and id(p) in now]:
        new = now[id(old)]
        optimizer.state[new] = {
            key: spread(value, new) if isinstance(value, Tensor) and value.shape == new.shape else value
            for key, value in optimizer.state.pop(old).items()
        }
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, Optimizer):
        inner.follow(now)
