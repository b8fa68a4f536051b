"""A run in MLflow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastorch.loggers.clients import client
from kerastorch.loggers.logger import Logger
from kerastorch.loggers.media import finite, pixels
from kerastorch.loggers.settings import plain

_PARAMS_AT_ONCE = 100  # what MLflow takes in one request


class MLflowLogger(Logger):
    """Keeps a run in MLflow: figures, settings, images and texts; histograms as counts and edges.

    Needs `pip install 'kerastorch[mlflow]'`. MLflow's own "runs" view shows it; `experiment` is the `MlflowClient`.

    Args:
        name: The name of the experiment, made when there is none.
        run_name: The name of the run; default MLflow's choice.
        tracking_uri: Where runs are kept ("sqlite:///mlflow.db", a server); default MLflow's setting.
        run_id: A run to go on with.
        tags: Tag to text.
        log_every_n_steps: See `Logger`.

    Raises:
        ImportError: MLflow is not installed.

    Example:
        >>> logger = MLflowLogger("mnist", tracking_uri="sqlite:///mlflow.db")  # doctest: +SKIP
        >>> model.fit(x, y, callbacks=[logger])  # doctest: +SKIP
    """

    def __init__(
        self,
        name: str = "default",
        run_name: str | None = None,
        tracking_uri: str | None = None,
        run_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        log_every_n_steps: int = 50,
    ) -> None:
        client("mlflow", "MLflowLogger", "mlflow")
        super().__init__(name=name, version=run_id, log_every_n_steps=log_every_n_steps)
        self.run_name = run_name
        self.tracking_uri = tracking_uri
        self.tags = dict(tags or {})
        self._how: dict[str, Any] = {}  # more for `log_batch`
        self._kept: dict[str, str] = {}  # settings that MLflow has; it takes each but once

    @property
    def version(self) -> str:
        """The run's id; empty before something was logged."""
        return str(self._version or "")

    @property
    def experiment(self) -> Any:
        """The `MlflowClient`; its run is `version`."""
        if self._experiment is None:
            self._experiment = client("mlflow", "MLflowLogger", "mlflow").MlflowClient(self.tracking_uri)
            if self._version is None:
                self._version = self._open(self._experiment)
        return self._experiment

    def _open(self, opened: Any) -> str:
        found = opened.get_experiment_by_name(self.name)
        place = opened.create_experiment(self.name) if found is None else found.experiment_id
        return str(opened.create_run(place, run_name=self.run_name, tags=self.tags).info.run_id)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        entities = client("mlflow.entities", "MLflowLogger", "mlflow")
        now, at = int(time.time() * 1000), self._at(step)
        kept = [entities.Metric(name, float(value), now, at) for name, value in metrics.items()]
        self.experiment.log_batch(self._run(), metrics=kept, **self._how)

    def log_hyperparams(self, params: Mapping[str, Any], metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings. MLflow never changes one: a later value of the same name becomes a tag.

        Args:
            params: Name to value.
            metrics: Figures that belong to them.
        """
        entities = client("mlflow.entities", "MLflowLogger", "mlflow")
        given = {name: str(plain(value))[:5000] for name, value in params.items()}
        new = {name: value for name, value in given.items() if name not in self._kept}
        changed = {name: value for name, value in given.items() if self._kept.get(name, value) != value}
        self._kept.update(new)
        listed = [entities.Param(name, value) for name, value in new.items()]
        for start in range(0, len(listed), _PARAMS_AT_ONCE):
            some = listed[start : start + _PARAMS_AT_ONCE]
            self.experiment.log_batch(self._run(), params=some, **self._how)
        for name, value in changed.items():
            self.experiment.set_tag(self._run(), name, value)
        if metrics is not None:
            self.log_metrics(metrics)

    def add_image(self, tag: str, image: Any, step: int | None = None) -> None:
        bytes_ = pixels(image)
        shown = bytes_[:, :, 0] if bytes_.shape[-1] == 1 else bytes_
        self.experiment.log_image(self._run(), shown, key=tag, step=self._at(step))

    def add_histogram(self, tag: str, values: Any, step: int | None = None) -> None:
        counts, edges = np.histogram(finite(values), bins=64)
        held = {"counts": counts.tolist(), "edges": edges.tolist()}
        self.experiment.log_dict(self._run(), held, f"histograms/{tag}/{self._at(step)}.json")

    def add_text(self, tag: str, text: str, step: int | None = None) -> None:
        self.experiment.log_text(self._run(), text, f"texts/{tag}/{self._at(step)}.txt")

    def finalize(self, status: str = "success") -> None:
        if self._experiment is not None:
            self._experiment.set_terminated(self._run(), "FINISHED" if status == "success" else "FAILED")

    def _run(self) -> str:
        """The run's id; the run is opened where there is none."""
        if self._version is None:
            assert self.experiment is not None
        return self.version
