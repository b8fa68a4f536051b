"""Adadelta."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "adadelta")
class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012): `d = sqrt(s + epsilon) / sqrt(a + epsilon) * g; w -= lr * d`.

    `a` and `s` are moving averages of the squares of gradients and of steps `d`.

    Args:
        learning_rate: See `Optimizer`; 1.0 is the paper's.
        rho: How much of the old averages stays, in [0, 1].
        epsilon: Keeps the division finite.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> Adadelta(learning_rate=1.0, epsilon=0.01).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 4)
        0.5577
    """

    rho = Hyper("rho")
    epsilon = Hyper("eps")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        check_number("rho", rho, 0.0, 1.0)
        check_number("epsilon", epsilon, 0.0)
        self.defaults.update(rho=rho, eps=epsilon)

    def slot_rounds(self) -> list[list[Slot]]:
        return [[Slot("accumulated_grad", "square_avg"), Slot("accumulated_delta_var", "acc_delta")]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        squares, changes = bucket.slots
        rho, epsilon = bucket.group["rho"], bucket.group["eps"]
        torch._foreach_mul_(squares, rho)
        torch._foreach_addcmul_(squares, grads, grads, 1.0 - rho)
        deltas = torch._foreach_add(changes, epsilon)
        torch._foreach_sqrt_(deltas)
        torch._foreach_mul_(deltas, grads)
        roots = torch._foreach_add(squares, epsilon)
        torch._foreach_sqrt_(roots)
        torch._foreach_div_(deltas, roots)
        torch._foreach_mul_(changes, rho)
        torch._foreach_addcmul_(changes, deltas, deltas, 1.0 - rho)
        torch._foreach_add_(bucket.params, deltas, alpha=-bucket.group["lr"])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
