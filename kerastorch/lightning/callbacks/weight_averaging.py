"""`WeightAveraging`: validation and the end of training see the mean of the weights on the way."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from kerastorch.lightning.callbacks.callback import Callback


class WeightAveraging(Callback):
    """Keeps an average of the module's weights, by `torch.optim.swa_utils.AveragedModel`.

    Validations run with the averaged weights, checkpoints hold them under "state_dict" (and the others under
    "current_model_state", to go on from), and the module has them when training has ended. Override `should_update`
    to say when the average takes in the weights.

    Args:
        device: Where the average is kept; default where the module is.
        use_buffers: Whether buffers are averaged too, such as BatchNorm's statistics.
        **kwargs: More for `AveragedModel`: `avg_fn`, `multi_avg_fn`; default the mean.

    Example:
        >>> from torch.optim.swa_utils import get_ema_avg_fn
        >>> class Late(WeightAveraging):
        ...     def should_update(self, step_idx=None, epoch_idx=None):
        ...         return step_idx is not None and step_idx >= 100
        >>> Late(avg_fn=get_ema_avg_fn(0.99)).should_update(step_idx=5)
        False
    """

    logs = False

    def __init__(self, device: Any = None, use_buffers: bool = True, **kwargs: Any) -> None:
        self.device = torch.device(device) if isinstance(device, str) else device
        self.use_buffers, self.options = use_buffers, kwargs
        self.average: AveragedModel | None = None
        self._step, self._epoch = 0, -1  # of the last update

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """Whether the average takes in the weights of now; default after every update.

        Args:
            step_idx: The update that was made, from 0; None at the end of an epoch.
            epoch_idx: The epoch that has ended, from 0; None after an update.
        """
        return step_idx is not None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit":
            pl_module.configure_model()
            device = pl_module.device if self.device is None else self.device
            self.average = AveragedModel(pl_module, device=device, use_buffers=self.use_buffers, **self.options)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        step = trainer.global_step
        if step > self._step and self.should_update(step_idx=step - 1):
            self._held.update_parameters(pl_module)
            self._step = step

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        epoch = trainer.current_epoch
        if epoch > self._epoch and self.should_update(epoch_idx=epoch):
            self._held.update_parameters(pl_module)
            self._epoch = epoch

    def on_validation_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if self.average is not None:
            self._swap(pl_module)

    on_validation_epoch_end = on_validation_epoch_start

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        for average, own in self._pairs(pl_module):
            own.copy_(average)

    @property
    def _held(self) -> AveragedModel:
        assert self.average is not None
        return self.average

    def _pairs(self, pl_module: Any) -> Iterator[tuple[Tensor, Tensor]]:
        averages = itertools.chain(self._held.module.parameters(), self._held.module.buffers())
        for average, own in zip(averages, itertools.chain(pl_module.parameters(), pl_module.buffers()), strict=True):
            yield average.data, own.data

    def _swap(self, pl_module: Any) -> None:
        for average, own in self._pairs(pl_module):
            before = average.clone()
            average.copy_(own)
            own.copy_(before)

    # -- checkpoints ------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        return {"latest_update_step": self._step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._step = state_dict["latest_update_step"]

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        if self.average is None:
            return
        held = self.average.state_dict()
        checkpoint["current_model_state"] = checkpoint["state_dict"]
        checkpoint["state_dict"] = {_own(name): value for name, value in held.items() if name != _own(name)}
        checkpoint["averaging_state"] = {name: value for name, value in held.items() if name == _own(name)}

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        weights = {f"{_PREFIX}{name}": value for name, value in checkpoint["state_dict"].items()}
        if "current_model_state" in checkpoint and "averaging_state" in checkpoint:
            self._held.load_state_dict(weights | checkpoint["averaging_state"])
            pl_module.load_state_dict(checkpoint["current_model_state"])
            return
        text = "The checkpoint holds no averaged weights: the average begins with those of the module."
        warnings.warn(text, RuntimeWarning, stacklevel=2)
        self._held.load_state_dict(weights, strict=False)


_PREFIX = "module."  # of the weights among what an `AveragedModel` holds


def _own(name: str) -> str:
    return name.removeprefix(_PREFIX)
