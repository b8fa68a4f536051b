"""The base of callbacks that save checkpoints."""

from __future__ import annotations

from kerastorch.lightning.callbacks.callback import Callback


class Checkpoint(Callback):
    """The base of callbacks that save: they come last, and with one of them a Trainer adds no `ModelCheckpoint`.

    Example:
        >>> class Weekly(Checkpoint):
        ...     def on_train_epoch_end(self, trainer, pl_module):
        ...         if trainer.current_epoch % 7 == 0:
        ...             trainer.save_checkpoint(f"{trainer.current_epoch}.ckpt")
    """

    saves = True
    best_model_path = last_model_path = ""  # what `ckpt_path="best"` and "last" mean
    logs = False
