"""Curves, histograms and the graph in TensorBoard: `keras.callbacks.TensorBoard`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from kerastorch.base import errors, registry
from kerastorch.callbacks.callback import Callback, Logs
from kerastorch.callbacks.optimizer_lr import learning_rates
from kerastorch.nn import weight_summaries


@registry.register("callbacks")
class TensorBoard(Callback):
    """Writes event files for TensorBoard, training in "train", validation in "validation", under Keras's tags.

    Epoch values are `epoch_<name>` at the epoch's index; batch values are `batch_<name>` at the number of training
    batches done; results of `evaluate` are `evaluation_<name>_vs_iterations` at the optimizer's iterations.

    Args:
        log_dir: The folder.
        histogram_freq: Weights' histograms are written every so many epochs; 0 for never.
        write_graph: Whether the graph of layers is written, where the model has one.
        write_images: Whether weights are also written as images, with their histograms.
        write_steps_per_second: Whether the pace is written, per epoch and per written batch.
        update_freq: "epoch"; "batch", or a number N: batch values are written every N batches. Writing reads the
            values, and so waits for the device.
        profile_batch: Only 0.
        embeddings_freq: Embedding layers' tables are written every so many epochs; 0 for never.
        embeddings_metadata: A file with a label a line for the tables' rows, or a dict from layer names to such files.

    Raises:
        ValueError: An argument is not of these.

    Example:
        >>> TensorBoard(log_dir="logs", update_freq="batch").update_freq
        1
    """

    rank_zero_only = True

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._every = _batches_between(update_freq, profile_batch)
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._writers: dict[str, Any] = {}
        self._in_fit = False
        self._step = 0  # training batches done
        self._epoch_step = 0  # of those, before this epoch
        self._epoch_time = 0.0
        self._written_step, self._written_time = 0, 0.0

    def _writer(self, folder: str) -> Any:
        if folder not in self._writers:  # made when needed: an event file that stays empty is a curve that is not there
            from torch.utils.tensorboard import SummaryWriter

            self._writers[folder] = SummaryWriter(os.path.join(self.log_dir, folder))
        return self._writers[folder]

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def state_dict(self) -> dict[str, Any]:
        return {"_step": self._epoch_step}  # a resumed epoch counts from its first batch

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True
        self._step = self._epoch_step = self._written_step = 0
        if self.write_graph:
            weight_summaries.write_graph(self._writer("train"), self.model)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False
        self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        steps = self.params.get("steps")
        if self._step == 0 and epoch and steps:  # a run that goes on from an earlier one
            self._step = epoch * steps
        self._epoch_step = self._written_step = self._step
        self._epoch_time = self._written_time = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        before, self._step = self._step, self._epoch_step + batch + 1
        # Several batches may be reported at once: write when a multiple of `update_freq` was passed.
        if self._every and self._step // self._every > before // self._every:
            self._write_batch(logs or {})

    def _write_batch(self, logs: Logs) -> None:
        writer = self._writer("train")
        if self.write_steps_per_second:
            now = time.monotonic()
            pace = (self._step - self._written_step) / max(now - self._written_time, 1e-9)
            writer.add_scalar("batch_steps_per_second", pace, self._step)
            self._written_step, self._written_time = self._step, now
        for name, value in logs.items():
            writer.add_scalar(f"batch_{name}", value, self._step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs:
            self._write_epoch(epoch, logs)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            weight_summaries.write_histograms(self._writer("train"), self.model, epoch, self.write_images)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            weight_summaries.write_embeddings(self._writer("train"), self.model, epoch, self.embeddings_metadata)
        self._epoch_step = self._step
        for writer in self._writers.values():
            writer.flush()

    def _write_epoch(self, epoch: int, logs: Logs) -> None:
        values = {**logs, **learning_rates(self.model)}
        if self.write_steps_per_second:
            elapsed = max(time.monotonic() - self._epoch_time, 1e-9)
            values["steps_per_second"] = (self._step - self._epoch_step) / elapsed
        for name, value in values.items():
            folder = "validation" if name.startswith("val_") else "train"
            self._writer(folder).add_scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        iterations = int(getattr(self.model.optimizer, "iterations", self._step))
        for name, value in (logs or {}).items():
            self._writer("validation").add_scalar(f"evaluation_{name}_vs_iterations", value, iterations)
        if not self._in_fit:
            self._close()


def _batches_between(update_freq: int | str, profile_batch: int) -> int:
    """Batches between two that are written, 0 for none."""
    if profile_batch:
        raise errors.value_error(
            "`profile_batch` of TensorBoard",
            expected="0",
            received=profile_batch,
            remedy="Use `torch.profiler.profile(on_trace_ready=torch.profiler.tensorboard_trace_handler(log_dir))`.",
        )
    if update_freq in ("epoch", "batch"):
        return int(update_freq == "batch")
    if isinstance(update_freq, bool) or not isinstance(update_freq, int) or update_freq < 1:
        raise errors.value_error(
            "`update_freq` of TensorBoard", expected="'epoch', 'batch' or an integer >= 1", received=update_freq
        )
    return update_freq
