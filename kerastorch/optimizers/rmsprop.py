"""RMSprop."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "rmsprop")
class RMSprop(Optimizer):
    """RMSprop (Hinton 2012): `w -= lr * g / sqrt(v + epsilon)`, `v` the moving average of squared gradients.

    Args:
        learning_rate: See `Optimizer`.
        rho: How much of the old average stays, in [0, 1].
        momentum: If above 0, `m = momentum * m + lr * g / sqrt(v + epsilon); w -= m`.
        epsilon: Keeps the division finite; inside the root.
        centered: Whether to subtract the square of the average gradient from `v`.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> RMSprop(learning_rate=0.1, rho=0.75).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 5)
        0.8
    """

    rho = Hyper("alpha")
    momentum = Hyper("momentum")
    epsilon = Hyper("eps")
    centered = Hyper("centered")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        check_number("rho", rho, 0.0, 1.0)
        check_number("momentum", momentum, 0.0)
        check_number("epsilon", epsilon, 0.0)
        self.defaults.update(alpha=rho, momentum=momentum, eps=epsilon, centered=centered)

    def slot_rounds(self) -> list[list[Slot]]:
        rounds = [[Slot("velocity", "square_avg")]]
        if any(group["momentum"] for group in self.param_groups):
            rounds.append([Slot("momentum", "momentum")])
        if any(group["centered"] for group in self.param_groups):
            rounds.append([Slot("average_gradient", "grad_avg")])
        return rounds

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        group = bucket.group
        squares, rho = bucket.slots[0], group["alpha"]
        torch._foreach_mul_(squares, rho)
        torch._foreach_addcmul_(squares, grads, grads, 1.0 - rho)
        if group["centered"]:
            means = bucket.slots[-1]
            torch._foreach_lerp_(means, grads, 1.0 - rho)
            roots = torch._foreach_addcmul(squares, means, means, -1.0)
            torch._foreach_add_(roots, group["eps"])
        else:
            roots = torch._foreach_add(squares, group["eps"])
        torch._foreach_sqrt_(roots)
        if group["momentum"]:
            torch._foreach_mul_(bucket.slots[1], group["momentum"])
            torch._foreach_addcdiv_(bucket.slots[1], grads, roots, group["lr"])
            torch._foreach_sub_(bucket.params, bucket.slots[1])
        else:
            torch._foreach_addcdiv_(bucket.params, grads, roots, -group["lr"])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
