"""Gradient descent, with momentum or Nesterov momentum."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "sgd")
class SGD(Optimizer):
    """Gradient descent: `w -= lr * g`; with momentum `m = momentum * m - lr * g; w += m`.

    With `nesterov` the last line is `w += momentum * m - lr * g` (formulas and defaults: Keras 3).

    Args:
        learning_rate: See `Optimizer`.
        momentum: How much of the last change is kept, in [0, 1].
        nesterov: Whether to use Nesterov's form of momentum.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = SGD(learning_rate=0.5, momentum=0.9)
        >>> optimizer.apply([torch.tensor([1.0])], [w])
        >>> w.item()
        0.5
    """

    momentum = Hyper("momentum")
    nesterov = Hyper("nesterov")

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        check_number("momentum", momentum, 0.0, 1.0)
        self.defaults.update(momentum=momentum, nesterov=nesterov)

    def slot_rounds(self) -> list[list[Slot]]:
        moving = any(group["momentum"] for group in self.param_groups)
        return [[Slot("momentum", "momentum")]] if moving else []

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        group = bucket.group
        rate, momentum, nesterov = group["lr"], group["momentum"], group["nesterov"]
        if momentum and (nesterov or not bucket.fused):
            self._update_moving(bucket, grads, rate, momentum, nesterov)
        elif bucket.fused:
            # The kernel does m = momentum * m + (1 - dampening) * g; w -= lr * m. Keras's m has the learning rate
            # inside, so that a rate that changes acts on new gradients only: 1 - dampening is -rate, lr is -1.
            torch._fused_sgd_(
                bucket.params,
                grads,
                bucket.slots[0] if momentum else [],
                weight_decay=0.0,
                momentum=momentum,
                lr=-1.0 if momentum else rate,
                dampening=1.0 + rate if momentum else 0.0,
                nesterov=False,
                maximize=False,
                is_first_step=False,
            )
        else:
            torch._foreach_add_(bucket.params, grads, alpha=-rate)

    @staticmethod
    def _update_moving(bucket: Bucket, grads: list[Tensor], rate: float, momentum: float, nesterov: bool) -> None:
        changes = bucket.slots[0]
        torch._foreach_mul_(changes, momentum)
        torch._foreach_add_(changes, grads, alpha=-rate)
        if nesterov:
            torch._foreach_add_(bucket.params, changes, alpha=momentum)
            torch._foreach_add_(bucket.params, grads, alpha=-rate)
        else:
            torch._foreach_add_(bucket.params, changes)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
