"""The norm of the gradients in the logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from kerastorch.base import registry
from kerastorch.base.sharded import whole
from kerastorch.callbacks.callback import Logs
from kerastorch.callbacks.run_monitor import RunMonitor


@registry.register("callbacks")
class GradientNormMonitor(RunMonitor):
    """Adds the 2-norm of all gradients together to the logs: its mean and largest over the updates of the epoch.

    In the logs of batches `gradient_norm` is that of the last update. It is measured as the optimizer gets the
    gradients: of a whole accumulation window, over all ranks, after unscaling and after `gradient_clip_val`, before
    the optimizer's own `clipnorm`. It stays on the device; nothing waits for it before the logs are read.

    Example:
        >>> import kerastorch as keras, numpy as np
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, "linear", False, "zeros")])
        >>> model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
        >>> x, y = np.ones((8, 1)), np.ones((8, 1))
        >>> model.fit(x, y, verbose=0, callbacks=[GradientNormMonitor()]).history["gradient_norm"]
        [2.0]
    """

    gathers = True  # the norm of sharded gradients is asked of all ranks
    adds_to_logs = ("gradient_norm", "gradient_norm_max")

    def __init__(self) -> None:
        super().__init__()
        self._handle: Any = None
        self._sums: tuple[Tensor, Tensor, Tensor, Tensor] | None = None  # last, sum, count, largest
        self._scale = 1.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._detach()
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        self._scale = 1.0 / (getattr(optimizer, "loss_scale_factor", None) or 1.0)
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        last, total, count, largest = torch.zeros(4, device=device).unbind()
        self._sums = last, total, count, largest
        self._handle = optimizer.register_step_pre_hook(self._measure)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for value in self._sums or ():
            value.zero_()

    def _measure(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if self._sums is None or not gradients:
            return
        last, total, count, largest = self._sums
        last.copy_(total_norm(gradients))
        if self._scale != 1.0:
            last.mul_(self._scale)
        total.add_(last)
        count.add_(1)
        torch.maximum(largest, last, out=largest)

    def current(self) -> Mapping[str, Any]:
        return {} if self._sums is None else {"gradient_norm": self._sums[0]}

    def figures(self) -> Mapping[str, Any]:
        if self._sums is None:
            return {}
        _, total, count, largest = self._sums
        return {"gradient_norm": total / count.clamp(min=1), "gradient_norm_max": largest}

    def on_train_end(self, logs: Logs | None = None) -> None:
        super().on_train_end(logs)
        self._detach()

    def _detach(self) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None


@torch.no_grad()
def total_norm(gradients: list[Tensor]) -> Tensor:
    """The 2-norm of all gradients as one vector: a scalar on the device.

    Args:
        gradients: Tensors of any shapes; sharded ones are gathered over their ranks.

    Example:
        >>> total_norm([torch.tensor([3.0]), torch.tensor([[4.0]])])
        tensor(5.)
    """
    dense = [g.coalesce().values() if g.is_sparse else g for g in gradients]
    norm = torch.nn.utils.get_total_norm(dense)
    return whole(norm)
