"""Lamb."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "lamb")
class Lamb(Optimizer):
    """Lamb (You et al. 2019), for large batches: Adam's step, scaled for each variable to the norm of its weights.

    Args:
        learning_rate: See `Optimizer`.
        beta_1: How much of the old average of gradients stays, in [0, 1).
        beta_2: How much of the old average of their squares stays, in [0, 1).
        epsilon: Keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> Lamb(learning_rate=0.1).apply([torch.tensor([1.0, 1.0])], [w])
        >>> [round(v, 4) for v in w.tolist()]
        [2.6464, 3.6464]
    """

    beta_1 = Hyper("betas", 0)
    beta_2 = Hyper("betas", 1)
    epsilon = Hyper("eps")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        check_number("beta_1", beta_1, 0.0, 1.0, below_high=True)
        check_number("beta_2", beta_2, 0.0, 1.0, below_high=True)
        check_number("epsilon", epsilon, 0.0)
        self.defaults.update(betas=(beta_1, beta_2), eps=epsilon)

    def slot_rounds(self) -> list[list[Slot]]:
        return [[Slot("momentum", "exp_avg"), Slot("velocity", "exp_avg_sq")]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        group = bucket.group
        beta_1, beta_2 = group["betas"]
        count = group["iterations"] + 1
        means, squares = bucket.slots
        torch._foreach_lerp_(means, grads, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, grads, grads, 1.0 - beta_2)
        roots = torch._foreach_div(squares, 1.0 - beta_2**count)
        torch._foreach_sqrt_(roots)
        torch._foreach_add_(roots, group["eps"])
        changes = torch._foreach_div(means, 1.0 - beta_1**count)
        torch._foreach_div_(changes, roots)
        weights = torch.stack(torch._foreach_norm(bucket.params))
        norms = torch.stack(torch._foreach_norm(changes))
        ratios = torch.where((weights > 0) & (norms > 0), weights / norms, 1.0)
        torch._foreach_mul_(changes, ratios.unbind())
        torch._foreach_add_(bucket.params, changes, alpha=-group["lr"])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
