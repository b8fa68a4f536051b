"""A run in Weights & Biases."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

from kerastorch.base import errors
from kerastorch.loggers.clients import client
from kerastorch.loggers.logger import Logger
from kerastorch.loggers.media import finite, pixels
from kerastorch.loggers.settings import plain

MODES = ("online", "offline", "disabled")


class WandbLogger(Logger):
    """Keeps a run in Weights & Biases: figures, settings, images, histograms, texts.

    Needs `pip install 'kerastorch[wandb]'`. Figures of epochs are drawn over "epoch", all others over "step".
    `experiment` is the client's run. It ends with `fit`; what is logged later opens it again, under the same id.

    Args:
        project: The name of the project.
        run_name: The name of the run; default the service's choice.
        save_dir: The folder for the client's files.
        mode: "online", "offline" (kept on disk for `wandb sync`) or "disabled"; default the client's setting.
        run_id: A run to go on with.
        log_every_n_steps: See `Logger`.
        **options: Further arguments of `wandb.init` (`entity`, `tags`, `group`, ...).

    Raises:
        ImportError: wandb is not installed.
        ValueError: `mode` is none of these.

    Example:
        >>> logger = WandbLogger("mnist", mode="offline")  # doctest: +SKIP
        >>> model.fit(x, y, callbacks=[logger])  # doctest: +SKIP
    """

    _axis = "step"  # what most figures are drawn over
    _axes: ClassVar[dict[str, str | None]] = {"epoch": None, "step": None, "*": "step", "epoch/*": "epoch"}

    def __init__(
        self,
        project: str = "kerastorch",
        run_name: str | None = None,
        save_dir: str | os.PathLike[str] = "logs",
        mode: str | None = None,
        run_id: str | None = None,
        log_every_n_steps: int = 50,
        **options: Any,
    ) -> None:
        client("wandb", "WandbLogger", "wandb")
        if mode is not None and mode not in MODES:
            raise errors.value_error("`mode` of WandbLogger", expected=" or ".join(map(repr, MODES)), received=mode)
        super().__init__(save_dir, project, run_id, log_every_n_steps)
        self.run_name = run_name
        self.mode = mode
        self.options = options

    @property
    def version(self) -> str:
        """The run's id."""
        if self._version is None:
            self._version = secrets.token_hex(4)
        return str(self._version)

    @property
    def experiment(self) -> Any:
        """The client's run."""
        if self._experiment is None:
            self._experiment = self._open(client("wandb", "WandbLogger", "wandb"))
        return self._experiment

    def _open(self, wandb: Any) -> Any:
        os.makedirs(self.save_dir, exist_ok=True)
        run = wandb.init(
            project=self.name, name=self.run_name, dir=self.save_dir, mode=self.mode, id=self.version,
            **{"resume": "allow", "reinit": "create_new", **self.options},
        )  # fmt: skip
        for name, axis in self._axes.items():
            run.define_metric(name, step_metric=axis)
        return run

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.experiment.log({**metrics, self._axis: self._at(step)})

    def log_epoch(self, metrics: Mapping[str, float], epoch: int) -> None:
        named = {f"epoch/{name}": value for name, value in metrics.items()}
        self.experiment.log({**named, "epoch": epoch, "step": self.step})

    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:
        given = {name: plain(value) for name, value in params.items()}
        self.experiment.config.update(given, allow_val_change=True)
        if metrics is not None:
            self.log_metrics(metrics)

    def add_image(self, tag: str, image: Any, step: int | None = None) -> None:
        shown = client("wandb", "WandbLogger", "wandb").Image(pixels(image))
        self.experiment.log({tag: shown, self._axis: self._at(step)})

    def add_histogram(self, tag: str, values: Any, step: int | None = None) -> None:
        shown = client("wandb", "WandbLogger", "wandb").Histogram(finite(values))
        self.experiment.log({tag: shown, self._axis: self._at(step)})

    def add_text(self, tag: str, text: str, step: int | None = None) -> None:
        self.experiment.log({tag: text, self._axis: self._at(step)})

    def finalize(self, status: str = "success") -> None:
        if self._experiment is not None:
            self._experiment.finish(exit_code=0 if status == "success" else 1)
            self._experiment = None
