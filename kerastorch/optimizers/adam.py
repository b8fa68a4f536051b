"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from kerastorch.base import errors, registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Hyper, Slot
from kerastorch.optimizers.optimizer import Optimizer


@registry.register("optimizers", "adam")
class Adam(Optimizer):
    """Adam (Kingma and Ba 2014), `w -= lr * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + epsilon)`.

    `m` and `v` are the moving averages of the gradient and its square; `t` counts all updates, also those in which a
    parameter had no gradient. Runs as torch's fused AdamW kernel, which adds its epsilon to the corrected root:
    `epsilon / sqrt(1 - b2^t)` makes it the same update. Weight decay, if any, is decoupled (as in AdamW).

    Args:
        learning_rate: See `Optimizer`.
        beta_1: How much of the old average of gradients stays, in [0, 1).
        beta_2: How much of the old average of their squares stays, in [0, 1).
        epsilon: Keeps the division finite.
        amsgrad: Whether to divide by the largest average seen so far.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> optimizer = Adam(learning_rate=0.1)
        >>> optimizer.apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 5)
        0.9
    """

    uses_step = True
    decays_in_kernel = True
    fuses_shards = True
    beta_1 = Hyper("betas", 0)
    beta_2 = Hyper("betas", 1)
    epsilon = Hyper("eps")
    amsgrad = Hyper("amsgrad")

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.defaults.update(betas=(beta_1, beta_2), eps=epsilon, amsgrad=amsgrad)

    def slot_rounds(self) -> list[list[Slot]]:
        averages = [Slot("momentum", "exp_avg"), Slot("velocity", "exp_avg_sq")]
        largest = any(group["amsgrad"] for group in self.param_groups)
        return [averages, [Slot("velocity_hat", "max_exp_avg_sq")]] if largest else [averages]

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        group = bucket.group
        beta_1, beta_2 = group["betas"]
        count = group["iterations"] + 1
        root = (1.0 - beta_2**count) ** 0.5
        if not bucket.fused:
            self._update_foreach(bucket, grads, group["lr"] * root / (1.0 - beta_1**count))
            return
        bucket.step.fill_(count)
        torch._fused_adamw_(
            bucket.params,
            grads,
            bucket.slots[0],
            bucket.slots[1],
            bucket.slots[2] if group["amsgrad"] else [],
            bucket.steps,
            lr=group["lr"],
            beta1=beta_1,
            beta2=beta_2,
            weight_decay=(group["weight_decay"] or 0.0) if bucket.decayed else 0.0,
            eps=group["eps"] / root,
            amsgrad=group["amsgrad"],
            maximize=False,
        )

    @staticmethod
    def _update_foreach(bucket: Bucket, grads: list[Tensor], rate: float) -> None:
        beta_1, beta_2 = bucket.group["betas"]
        first, second = bucket.slots[:2]
        torch._foreach_lerp_(first, grads, 1.0 - beta_1)
        torch._foreach_mul_(second, beta_2)
        torch._foreach_addcmul_(second, grads, grads, 1.0 - beta_2)
        if bucket.group["amsgrad"]:
            torch._foreach_maximum_(bucket.slots[2], second)
            second = bucket.slots[2]
        roots = torch._foreach_sqrt(second)
        torch._foreach_add_(roots, bucket.group["eps"])
        torch._foreach_addcdiv_(bucket.params, first, roots, -rate)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


@registry.register("optimizers", "adamw")
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2017): `w -= lr * weight_decay * w` before each update.

    Args:
        learning_rate: See `Optimizer`.
        weight_decay: The strength of the decay, >= 0.
        beta_1, beta_2, epsilon, amsgrad: See `Adam`.
        clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor,
            gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor([1.0]))
        >>> AdamW(learning_rate=0.1, weight_decay=0.5).apply([torch.tensor([3.0])], [w])
        >>> round(w.item(), 5)
        0.85
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        if weight_decay is None:
            raise errors.value_error(
                "`weight_decay` of AdamW", expected="a number >= 0", received=None, remedy="Use Adam for no decay."
            )
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
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
