"""`BackboneFinetuning`: a pretrained backbone joins the training at an epoch, at a rate that grows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import Optimizer

from kerastorch.base import errors
from kerastorch.lightning.callbacks.base_finetuning import BaseFinetuning


def multiplicative(epoch: int) -> float:
    """The default growth: twice the rate at each epoch."""
    return 2.0


class BackboneFinetuning(BaseFinetuning):
    """Freezes `pl_module.backbone` until an epoch; then it is trained with a learning rate of its own.

    Args:
        unfreeze_backbone_at_epoch: The epoch, from 0.
        lambda_func: Epoch -> what the backbone's rate is multiplied by; default 2.
        backbone_initial_ratio_lr: The rate it begins with, over that of the first group.
        backbone_initial_lr: The rate it begins with, in the place of that ratio.
        should_align: Whether its rate stays at that of the first group when it has reached it.
        initial_denom_lr: Accepted; the two rates above decide.
        train_bn: Whether BatchNorm's parameters are trained.
        verbose: Whether the rates are printed.
        rounding: To so many digits.

    Example:
        >>> BackboneFinetuning(unfreeze_backbone_at_epoch=2, lambda_func=lambda epoch: 1.5).train_bn
        True
    """

    def __init__(
        self,
        unfreeze_backbone_at_epoch: int = 10,
        lambda_func: Callable[[int], float] = multiplicative,
        backbone_initial_ratio_lr: float = 10e-2,
        backbone_initial_lr: float | None = None,
        should_align: bool = True,
        initial_denom_lr: float = 10.0,
        train_bn: bool = True,
        verbose: bool = False,
        rounding: int = 12,
    ) -> None:
        super().__init__()
        self.unfreeze_backbone_at_epoch, self.lambda_func = unfreeze_backbone_at_epoch, lambda_func
        self.backbone_initial_ratio_lr, self.backbone_initial_lr = backbone_initial_ratio_lr, backbone_initial_lr
        self.should_align, self.initial_denom_lr, self.train_bn = should_align, initial_denom_lr, train_bn
        self.verbose, self.rounding = verbose, rounding
        self.previous_backbone_lr: float | None = None

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "previous_backbone_lr": self.previous_backbone_lr}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.previous_backbone_lr = state_dict["previous_backbone_lr"]
        super().load_state_dict(state_dict)

    def freeze_before_training(self, pl_module: Any) -> None:
        if not isinstance(getattr(pl_module, "backbone", None), nn.Module):
            raise errors.type_error(
                f"{type(pl_module).__name__}, with BackboneFinetuning",
                expected="a module in the attribute `backbone`",
                received=getattr(pl_module, "backbone", None),
            )
        self.freeze(pl_module.backbone)

    def finetune_function(self, pl_module: Any, epoch: int, optimizer: Optimizer) -> None:
        if epoch < self.unfreeze_backbone_at_epoch:
            return
        current = optimizer.param_groups[0]["lr"]
        if epoch == self.unfreeze_backbone_at_epoch:
            first = self.backbone_initial_lr
            rate = current * self.backbone_initial_ratio_lr if first is None else first
            self.unfreeze_and_add_param_group(pl_module.backbone, optimizer, rate, train_bn=self.train_bn)
        else:
            rate = self.lambda_func(epoch + 1) * (self.previous_backbone_lr or 0.0)
            rate = current if self.should_align and rate > current else rate
            optimizer.param_groups[-1]["lr"] = rate
        self.previous_backbone_lr = rate
        if self.verbose:
            pl_module.print(
                f"Epoch {epoch}: learning rate {round(current, self.rounding)}, "
                f"of the backbone {round(rate, self.rounding)}"
            )
