"""A run in TensorBoard."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from typing import Any

from torch.profiler import tensorboard_trace_handler
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from kerastorch.loggers.logger import Logger
from kerastorch.loggers.media import finite, pixels
from kerastorch.loggers.settings import plain
from kerastorch.nn import weight_summaries


class TensorBoardLogger(Logger):
    """Keeps a run as event files for TensorBoard: curves, settings, graph, histograms, images, traces.

    The page HPARAMS shows the settings of each run beside the last figures of its epochs; they are also written to
    "hparams.json". (`keras.callbacks.TensorBoard` writes under Keras's tags, and nothing else.)

    Args:
        save_dir: See `Logger`.
        name: See `Logger`.
        version: See `Logger`.
        log_every_n_steps: See `Logger`.
        write_graph: Whether the graph of layers is written, where the model has one.
        histogram_freq: Weights' histograms are written every so many epochs; 0 for never.

    Example:
        >>> import kerastorch as keras, numpy as np, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> logger = TensorBoardLogger(folder.name)
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> history = model.fit(np.zeros((8, 4)), np.zeros((8, 1)), verbose=0, callbacks=[logger])
        >>> sorted(name.split(".")[0] for name in os.listdir(logger.log_dir))
        ['events', 'hparams']
        >>> folder.cleanup()
    """

    def __init__(
        self,
        save_dir: str | os.PathLike[str] = "logs",
        name: str = "",
        version: int | str | None = None,
        log_every_n_steps: int = 50,
        write_graph: bool = True,
        histogram_freq: int = 0,
    ) -> None:
        super().__init__(save_dir, name, version, log_every_n_steps)
        self.write_graph = write_graph
        self.histogram_freq = histogram_freq
        self.hparams: dict[str, Any] = {}
        self._page_due = False

    @property
    def experiment(self) -> SummaryWriter:
        """The `SummaryWriter`."""
        if self._experiment is None:
            self._experiment = SummaryWriter(self.log_dir)
        writer: SummaryWriter = self._experiment
        return writer

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        for name, value in metrics.items():
            self.experiment.add_scalar(name, value, self._at(step))

    def log_epoch(self, metrics: Mapping[str, float], epoch: int) -> None:
        super().log_epoch(metrics, epoch)
        if self._page_due:  # now the names of the figures are known; the page takes their values from the curves
            self._write_page([f"epoch/{name}" for name in metrics])

    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings: as "hparams.json" at once, for the page with the figures of the first epoch.

        Args:
            params: Name to value.
            metrics: Figures for the page, written at once.
        """
        self.hparams.update({name: plain(value) for name, value in params.items()})
        self._page_due = True
        os.makedirs(self.log_dir, exist_ok=True)
        with open(os.path.join(self.log_dir, "hparams.json"), "w", encoding="utf-8") as file:
            json.dump(self.hparams, file, indent=2, sort_keys=True)
        if metrics is not None:
            self.log_metrics(metrics)
            self._write_page(list(metrics))

    def _write_page(self, names: list[str]) -> None:
        self._page_due = False
        writer: Any = self.experiment.file_writer
        for summary in hparams(self.hparams, dict.fromkeys(names, 0.0)):
            writer.add_summary(summary)

    def log_graph(self, model: Any, x: Any = None) -> None:
        """Keep the graph of layers, or with inputs `x` the graph of torch's operations (which runs the model)."""
        if x is None:
            weight_summaries.write_graph(self.experiment, model)
            return
        with warnings.catch_warnings():  # torch draws it through `torch.jit.trace`, which it calls deprecated
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            self.experiment.add_graph(model, x)

    def log_weights(self, model: Any, step: int, images: bool = False) -> None:
        """Keep histograms of all weights.

        Args:
            model: The model.
            step: Where on the axis.
            images: Whether those that can be one are also kept as images.
        """
        weight_summaries.write_histograms(self.experiment, model, step, images)

    def add_image(self, tag: str, image: Any, step: int | None = None) -> None:
        self.experiment.add_image(tag, pixels(image), self._at(step), dataformats="HWC")

    def add_histogram(self, tag: str, values: Any, step: int | None = None) -> None:
        self.experiment.add_histogram(tag, finite(values), self._at(step))

    def add_text(self, tag: str, text: str, step: int | None = None) -> None:
        self.experiment.add_text(tag, text, self._at(step))

    def trace_handler(self) -> Any:
        """For `torch.profiler.profile(on_trace_ready=...)`: traces go into this run's folder."""
        return tensorboard_trace_handler(self.log_dir)

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        if self.write_graph:
            self.log_graph(self._model)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self.log_weights(self._model, epoch)
        super().on_epoch_end(epoch, logs)

    def save(self) -> None:
        if self._experiment is not None:
            self._experiment.flush()

    def finalize(self, status: str = "success") -> None:
        if self._page_due:
            self._write_page([])
        if self._experiment is not None:
            self._experiment.close()
            self._experiment = None
