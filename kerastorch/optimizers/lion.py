"""Lion."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "lion")
class Lion(Optimizer):
    """Lion (Chen et al. 2023): steps of one size, `w -= lr * sign(b1 * m + (1 - b1) * g); m = b2 * m + (1 - b2) * g`.

    Args:
        learning_rate: See `Optimizer`; a third to a tenth of Adam's.
        beta_1: The part of the momentum in the direction of a step, in (0, 1].
        beta_2: How much of the old momentum stays, in [0, 1].
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> Lion(learning_rate=0.25).apply([torch.tensor([3.0])], [w])
        >>> w.item()
        0.75
    """

    beta_1 = Hyper("betas", 0)
    beta_2 = Hyper("betas", 1)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        check_number("beta_1", beta_1, 0.0, 1.0)
        check_number("beta_2", beta_2, 0.0, 1.0)
        if beta_1 == 0:
            raise errors.value_error(
                "`beta_1` of Lion",
                expected="a number in (0, 1]",
                received=beta_1,
                remedy="With 0 only the sign of the gradient would count.",
            )
        self.defaults.update(betas=(beta_1, beta_2))

    def slot_rounds(self) -> list[list[Slot]]:
        return [[Slot("momentum", "exp_avg")]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        beta_1, beta_2 = bucket.group["betas"]
        means = bucket.slots[0]
        direction = torch._foreach_lerp(means, grads, 1.0 - beta_1)
        torch._foreach_sign_(direction)
        torch._foreach_add_(bucket.params, direction, alpha=-bucket.group["lr"])
        torch._foreach_lerp_(means, grads, 1.0 - beta_2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
