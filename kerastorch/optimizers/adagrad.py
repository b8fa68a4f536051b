"""Adagrad."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "adagrad")
class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011): `a += g^2; w -= lr * g / sqrt(a + epsilon)`.

    Torch's fused kernel divides by `sqrt(sum) + eps`. Here `sum` holds `a + epsilon` and eps is 0, which is Keras's
    update; `slots` and files show `a`.

    Args:
        learning_rate: See `Optimizer`.
        initial_accumulator_value: The first `a`, >= 0.
        epsilon: Keeps the division finite; inside the root.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> Adagrad(learning_rate=0.1, initial_accumulator_value=0.0).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 5)
        0.9
    """

    uses_step = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
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
        check_number("initial_accumulator_value", initial_accumulator_value, 0.0)
        check_number("epsilon", epsilon, 0.0)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def slot_rounds(self) -> list[list[Slot]]:
        start = self.initial_accumulator_value + self.epsilon
        return [[Slot("accumulator", "sum", fill=start, offset=self.epsilon)]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        sums, rate = bucket.slots[0], bucket.group["lr"]
        if not bucket.fused:
            torch._foreach_addcmul_(sums, grads, grads)
            torch._foreach_addcdiv_(bucket.params, grads, torch._foreach_sqrt(sums), -rate)
            return
        bucket.step.fill_(bucket.group["iterations"] + 1)
        torch._fused_adagrad_(
            bucket.params, grads, sums, bucket.steps, lr=rate, lr_decay=0.0, weight_decay=0.0, eps=0.0, maximize=False
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
