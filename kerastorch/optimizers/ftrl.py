"""Follow the regularised leader."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.base.sharded import copy_each
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "ftrl")
class Ftrl(Optimizer):
    """FTRL-proximal (McMahan et al. 2013), for sparse linear models: L1 regularisation makes weights exactly zero.

    Args:
        learning_rate: See `Optimizer`.
        learning_rate_power: How the rate falls with the sum of squares, <= 0; 0 is a fixed rate.
        initial_accumulator_value: The first sum of squared gradients, >= 0.
        l1_regularization_strength: L1 strength, >= 0.
        l2_regularization_strength: L2 strength, >= 0.
        l2_shrinkage_regularization_strength: Strength of an L2 penalty on the loss itself, >= 0.
        beta: The paper's beta.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> Ftrl(learning_rate=0.1).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 4)
        0.7957
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        check_number("learning_rate_power", -learning_rate_power, 0.0)
        check_number("initial_accumulator_value", initial_accumulator_value, 0.0)
        check_number("l1_regularization_strength", l1_regularization_strength, 0.0)
        check_number("l2_regularization_strength", l2_regularization_strength, 0.0)
        check_number("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength, 0.0)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def slot_rounds(self) -> list[list[Slot]]:
        return [[Slot("accumulator", "sum", fill=self.initial_accumulator_value), Slot("linear", "linear")]]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        sums, linears = bucket.slots
        rate, power, params = bucket.group["lr"], -self.learning_rate_power, bucket.params
        before = torch._foreach_pow(sums, power)
        torch._foreach_addcmul_(sums, grads, grads)
        after = torch._foreach_pow(sums, power)
        # linear += g + 2 * shrinkage * w - (after - before) / lr * w
        torch._foreach_sub_(before, after)
        torch._foreach_div_(before, rate)
        torch._foreach_add_(before, 2.0 * self.l2_shrinkage_regularization_strength)
        torch._foreach_add_(linears, grads)
        torch._foreach_addcmul_(linears, before, params)
        # w = (clip(linear, -l1, l1) - linear) / (after / lr + 2 * l2)
        torch._foreach_div_(after, rate)
        torch._foreach_add_(after, 2.0 * self.l2_regularization_strength + self.beta / rate)
        clipped = torch._foreach_clamp_min(linears, -self.l1_regularization_strength)
        torch._foreach_clamp_max_(clipped, self.l1_regularization_strength)
        torch._foreach_sub_(clipped, linears)
        torch._foreach_div_(clipped, after)
        copy_each(params, list(clipped))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
