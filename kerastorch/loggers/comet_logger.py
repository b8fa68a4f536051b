"""A run in Comet."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import Any

from kerastorch.loggers.clients import client
from kerastorch.loggers.logger import Logger
from kerastorch.loggers.media import finite, pixels
from kerastorch.loggers.settings import plain


class CometLogger(Logger):
    """Keeps a run in Comet: figures, settings, the model's text, images, histograms, texts.

    Needs `pip install 'kerastorch[comet]'`. The client's own automatic logging is off, so that nothing is kept twice.
    `experiment` is the client's experiment. It ends with `fit`; what is logged later opens it again, under its key.

    Args:
        project: The name of the project.
        run_name: The name of the experiment; default the service's choice.
        save_dir: The folder for archives of offline experiments.
        online: Whether to send to the service at once; False keeps an archive for `comet upload`.
        experiment_key: An experiment to go on with.
        log_every_n_steps: See `Logger`.
        **options: Further arguments of `comet_ml.ExperimentConfig` (`tags`, `log_code`, `log_env_gpu`, ...).

    Raises:
        ImportError: comet_ml is not installed.

    Example:
        >>> logger = CometLogger("mnist", online=False)  # doctest: +SKIP
        >>> model.fit(x, y, callbacks=[logger])  # doctest: +SKIP
    """

    def __init__(
        self,
        project: str = "kerastorch",
        run_name: str | None = None,
        save_dir: str | os.PathLike[str] = "logs",
        online: bool = True,
        experiment_key: str | None = None,
        log_every_n_steps: int = 50,
        **options: Any,
    ) -> None:
        client("comet_ml", "CometLogger", "comet")
        super().__init__(save_dir, project, experiment_key, log_every_n_steps)
        self.run_name = run_name
        self.online = online
        self.options = options
        self._account: dict[str, Any] = {}  # more for `comet_ml.start`
        self._mode = "get_or_create" if experiment_key is None else "get"

    @property
    def version(self) -> str:
        """The experiment's key."""
        if self._version is None:
            self._version = uuid.uuid4().hex
        return str(self._version)

    @property
    def experiment(self) -> Any:
        """The client's experiment."""
        if self._experiment is None:
            comet = client("comet_ml", "CometLogger", "comet")
            if self.save_dir:
                os.makedirs(self.save_dir, exist_ok=True)
            quiet = ("auto_metric_logging", "auto_param_logging", "auto_output_logging", "parse_args", "log_graph")
            config = comet.ExperimentConfig(
                name=self.run_name, offline_directory=self.save_dir or None,
                **{**dict.fromkeys(quiet, False), "display_summary_level": 0, **self.options},
            )  # fmt: skip
            self._experiment = comet.start(
                project_name=self.name or None, experiment_key=self.version, online=self.online, mode=self._mode,
                experiment_config=config, **self._account,
            )  # fmt: skip
            self._mode = "get"
        return self._experiment

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.experiment.log_metrics(dict(metrics), step=self._at(step))

    def log_epoch(self, metrics: Mapping[str, float], epoch: int) -> None:
        named = {f"epoch/{name}": value for name, value in metrics.items()}
        self.experiment.log_metrics(named, step=self.step, epoch=epoch)

    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:
        self.experiment.log_parameters({name: plain(value) for name, value in params.items()})
        if metrics is not None:
            self.log_metrics(metrics)

    def log_graph(self, model: Any, x: Any = None) -> None:
        """Keep the model as text."""
        self.experiment.set_model_graph(str(model), overwrite=True)

    def add_image(self, tag: str, image: Any, step: int | None = None) -> None:
        from torchvision.transforms.functional import to_pil_image  # brings much that only pictures need

        self.experiment.log_image(to_pil_image(pixels(image)), name=tag, step=self._at(step))

    def add_histogram(self, tag: str, values: Any, step: int | None = None) -> None:
        self.experiment.log_histogram_3d(finite(values).tolist(), name=tag, step=self._at(step))

    def add_text(self, tag: str, text: str, step: int | None = None) -> None:
        self.experiment.log_text(text, step=self._at(step), metadata={"tag": tag})

    def finalize(self, status: str = "success") -> None:
        if self._experiment is not None:
            self._experiment.log_other("status", status)
            self._experiment.end()
            self._experiment = None
