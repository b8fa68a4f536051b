"""`EMAWeightAveraging`: an exponential moving average of the weights."""

from __future__ import annotations

from typing import Any

from torch.optim.swa_utils import get_ema_avg_fn

from kerastorch.lightning.callbacks.weight_averaging import WeightAveraging


class EMAWeightAveraging(WeightAveraging):
    """Keeps an exponential moving average: average = decay * average + (1 - decay) * weights.

    Args:
        device: See `WeightAveraging`.
        use_buffers: See `WeightAveraging`.
        decay: How much of the average stays.
        update_every_n_steps: Updates between two that it takes in.
        update_starting_at_step: The update, from 0, before which it takes in none; default the first.
        update_starting_at_epoch: The epoch from whose end on it also takes in the weights after each epoch.
        **kwargs: See `WeightAveraging`.

    Example:
        >>> ema = EMAWeightAveraging(decay=0.99, update_every_n_steps=2, update_starting_at_step=4)
        >>> [step for step in range(9) if ema.should_update(step_idx=step)]
        [4, 6, 8]
    """

    def __init__(
        self,
        device: Any = None,
        use_buffers: bool = True,
        decay: float = 0.999,
        update_every_n_steps: int = 1,
        update_starting_at_step: int | None = None,
        update_starting_at_epoch: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(device, use_buffers, **kwargs, avg_fn=get_ema_avg_fn(decay))
        self.update_every_n_steps = update_every_n_steps
        self.update_starting_at_step, self.update_starting_at_epoch = update_starting_at_step, update_starting_at_epoch

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        if step_idx is not None:
            every = self.update_every_n_steps
            return step_idx >= (self.update_starting_at_step or 0) and every > 0 and step_idx % every == 0
        first = self.update_starting_at_epoch
        return epoch_idx is not None and first is not None and epoch_idx >= first
