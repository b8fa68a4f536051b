"""Nadam."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer

PRODUCT = "u_product"


@registry.register("optimizers", "nadam")
class Nadam(Optimizer):
    """Adam with Nesterov momentum (Dozat 2015).

    The momentum of step t is `u_t = b1 * (1 - 0.5 * 0.96^t)`; the running product of all `u_t` corrects the bias.

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
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> Nadam(learning_rate=0.1).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 4)
        0.8937
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
        self.defaults.update(betas=(beta_1, beta_2), eps=epsilon, u_product=1.0)

    def slot_rounds(self) -> list[list[Slot]]:
        return [[Slot("momentum", "exp_avg"), Slot("velocity", "exp_avg_sq")]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        group = bucket.group
        beta_1, beta_2 = group["betas"]
        count = group["iterations"] + 1
        now, following = _momentum(beta_1, count), _momentum(beta_1, count + 1)
        product = group[PRODUCT] * now
        means, squares = bucket.slots
        torch._foreach_lerp_(means, grads, 1.0 - beta_1)
        torch._foreach_mul_(squares, beta_2)
        torch._foreach_addcmul_(squares, grads, grads, 1.0 - beta_2)
        ahead = torch._foreach_mul(means, following / (1.0 - product * following))
        torch._foreach_add_(ahead, grads, alpha=(1.0 - now) / (1.0 - product))
        roots = torch._foreach_sqrt(squares)
        torch._foreach_div_(roots, (1.0 - beta_2**count) ** 0.5)
        torch._foreach_add_(roots, group["eps"])
        torch._foreach_addcdiv_(bucket.params, ahead, roots, -group["lr"])

    def count(self) -> None:
        for group in self.param_groups:
            group[PRODUCT] *= _momentum(group["betas"][0], group["iterations"] + 1)
        super().count()

    def slots(self) -> list[tuple[str, Tensor | None, Tensor]]:
        return [*super().slots(), (PRODUCT, None, torch.tensor(self.param_groups[0][PRODUCT]))]

    def _assign_slots(self, tensors: list[Tensor]) -> None:
        super()._assign_slots(tensors[:-1])
        for group in self.param_groups:
            group[PRODUCT] = float(tensors[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


def _momentum(beta_1: float, step: int) -> float:
    return beta_1 * (1.0 - 0.5 * 0.96**step)
