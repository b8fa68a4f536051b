"""Adafactor."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from kerastorch.base import registry
from kerastorch.optimizers.arguments import check_number
from kerastorch.optimizers.core import Bucket, Slot
from kerastorch.optimizers.optimizer import Optimizer
from kerastorch.optimizers.variables import to_keras


@registry.register("optimizers", "adafactor")
class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern 2018): second moments of matrices kept as row and column means only.

    Rows and columns are those of Keras's layout, so that the state fits Keras's files.

    Args:
        learning_rate: See `Optimizer`.
        beta_2_decay: The decay rate of the second moment is `1 - t ** beta_2_decay`.
        epsilon_1: Added to squared gradients.
        epsilon_2: The least scale of a parameter.
        clip_threshold: Updates whose root mean square is above it are scaled down.
        relative_step: Whether the rate is at most `1 / sqrt(t)`; Keras applies that bound in any case.
        weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency,
            loss_scale_factor, gradient_accumulation_steps, name: See `Optimizer`.

    Raises:
        ValueError: An argument is out of its range.

    Example:
        >>> import torch
        >>> w = torch.nn.Parameter(torch.ones(2, 2))
        >>> Adafactor(learning_rate=0.1).apply([torch.ones(2, 2)], [w])
        >>> [[round(v, 4) for v in row] for row in w.tolist()]
        [[0.9, 0.9], [0.9, 0.9]]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        check_number("beta_2_decay", -beta_2_decay, 0.0)
        check_number("epsilon_1", epsilon_1, 0.0)
        check_number("epsilon_2", epsilon_2, 0.0)
        check_number("clip_threshold", clip_threshold, 0.0)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def slot_rounds(self) -> list[list[Slot]]:
        return [[Slot("row", "row_mean"), Slot("column", "column_mean"), Slot("velocity", "exp_avg_sq")]]

    def make_slot(self, slot: Slot, param: Tensor) -> Tensor:
        shape = to_keras(param, param).shape
        if slot.name == "row":
            return param.new_zeros(shape[:-1] if len(shape) > 1 else ())
        if slot.name == "column":
            return param.new_zeros((*shape[:-2], shape[-1]) if len(shape) > 1 else ())
        return super().make_slot(slot, param)

    def update(self, bucket: Bucket, grads: list[Tensor]) -> None:
        count = bucket.group["iterations"] + 1
        rate = min(bucket.group["lr"], count**-0.5)
        kept = 1.0 - count**self.beta_2_decay
        for param, grad, *moments in zip(bucket.params, grads, *bucket.slots, strict=True):
            row, column, velocity = moments
            grad, velocity = to_keras(param, grad), to_keras(param, velocity)
            squares = grad.square().add_(self.epsilon_1)
            if grad.ndim > 1:
                row.lerp_(squares.mean(-1), 1.0 - kept)
                column.lerp_(squares.mean(-2), 1.0 - kept)
                velocity.copy_((row / row.mean(-1, keepdim=True)).unsqueeze(-1) * column.unsqueeze(-2))
            else:
                velocity.lerp_(squares, 1.0 - kept)
            change = grad / velocity.sqrt()
            change /= (_root_mean_square(change) / self.clip_threshold).clamp_min_(1.0)
            scale = _root_mean_square(param).clamp_min_(self.epsilon_2) * rate
            to_keras(param, param).sub_(change.mul_(scale))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _root_mean_square(x: Tensor) -> Tensor:
    return x.square().mean().sqrt_()
