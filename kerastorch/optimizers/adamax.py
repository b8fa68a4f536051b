"""Adamax."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "adamax")
class Adamax(Optimizer):
    """Adam with the infinity norm (Kingma and Ba 2014).

    `u = max(b2 * u, |g|); w -= lr / (1 - b1^t) * m / (u + epsilon)`, `m` the moving average of gradients.

    Args:
        learning_rate: See `Optimizer`.
        beta_1: How much of the old average of gradients stays, in [0, 1).
        beta_2: How much of the old norm stays, in [0, 1).
        epsilon: Keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> Adamax(learning_rate=0.1).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 5)
        0.9
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
        return [[Slot("momentum", "exp_avg"), Slot("norm", "exp_inf")]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        group = bucket.group
        beta_1, beta_2 = group["betas"]
        means, norms = bucket.slots
        torch._foreach_lerp_(means, grads, 1.0 - beta_1)
        torch._foreach_mul_(norms, beta_2)
        torch._foreach_maximum_(norms, torch._foreach_abs(grads))
        rate = group["lr"] / (1.0 - beta_1 ** (group["iterations"] + 1))
        torch._foreach_addcdiv_(bucket.params, means, torch._foreach_add(norms, group["eps"]), -rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
