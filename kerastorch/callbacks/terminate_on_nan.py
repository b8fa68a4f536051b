"""Stopping at a broken loss: `keras.callbacks.TerminateOnNaN`."""

from __future__ import annotations

import math

from kerastorch.base import registry
from kerastorch.callbacks import console
from kerastorch.callbacks.callback import Callback, Logs


@registry.register("callbacks")
class TerminateOnNaN(Callback):
    """Stops `fit` after the first batch whose loss is NaN or infinite.

    It reads the loss after every batch, so the host waits for the device each time.

    Args:
        raise_error: Whether to raise instead of setting `model.stop_training`; `on_train_end` is then not called.

    Example:
        >>> from types import SimpleNamespace
        >>> guard = TerminateOnNaN()
        >>> guard.set_model(SimpleNamespace(stop_training=False))
        >>> guard.on_batch_end(7, {"loss": float("nan")})
        Batch 7: Invalid loss, terminating training
        >>> guard.model.stop_training
        True
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss.

        Raises:
            RuntimeError: It is NaN or infinite, and `raise_error` is set.
        """
        loss = None if logs is None else logs.get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"The loss after batch {batch}: expected a finite number, received {float(loss)}. "
                "Lower the learning rate, clip the gradients, or look at this batch's data."
            )
        console.write(f"Batch {batch}: Invalid loss, terminating training\n")
        self.model.stop_training = True
