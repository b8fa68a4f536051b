"""`MLFlowLogger`: a run in MLflow, with Lightning's arguments."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from typing import Any

from kerastorch import loggers
from kerastorch.lightning.loggers import settings
from kerastorch.lightning.loggers.models import ModelLogger
from kerastorch.lightning.utilities import rank_zero_only
from kerastorch.loggers.clients import client

_LOCAL = "file:"


class MLFlowLogger(ModelLogger, loggers.MLflowLogger):
    """Keeps a run in MLflow; `experiment` is the `MlflowClient`, `version` the run's id, `name` the experiment's.

    Needs `pip install 'kerastorch[mlflow]'`. Figures, settings, images, texts and histograms can be logged.

    Args:
        experiment_name: The name of the experiment, made when there is none.
        run_name: The name of the run; default MLflow's choice.
        tracking_uri: Where runs are kept; default the environment's `MLFLOW_TRACKING_URI`, or "file:" and `save_dir`.
        tags: Tag to text.
        save_dir: The folder, where nothing else says where runs are kept.
        log_model: Whether checkpoints are kept: "all" as they are written, True when the run ends.
        prefix: Before the names of all figures.
        artifact_location: Where a new experiment keeps files; default MLflow's choice.
        run_id: A run to go on with.
        synchronous: Whether a call waits until MLflow has what it was given; default MLflow's choice.

    Raises:
        ImportError: MLflow is not installed.

    Example:
        >>> logger = MLFlowLogger("mnist", tracking_uri="sqlite:///mlflow.db")  # doctest: +SKIP
        >>> Trainer(logger=logger).fit(module)  # doctest: +SKIP
    """

    def __init__(
        self,
        experiment_name: str = "lightning_logs",
        run_name: str | None = None,
        tracking_uri: str | None = None,
        tags: Mapping[str, Any] | None = None,
        save_dir: Any = "./mlruns",
        log_model: bool | str = False,
        prefix: str = "",
        artifact_location: str | None = None,
        run_id: str | None = None,
        synchronous: bool | None = None,
    ) -> None:
        uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{_LOCAL}{save_dir}"
        super().__init__(experiment_name, run_name, uri, run_id, tags)
        self._save_dir = uri.removeprefix(_LOCAL) if uri.startswith(_LOCAL) else ""
        self.log_model, self.prefix, self.artifact_location = log_model, prefix, artifact_location
        self._how = {} if synchronous is None else {"synchronous": synchronous}
        self._experiment_id: str | None = None

    @property
    def name(self) -> str:
        """The experiment's id."""
        return self.experiment_id

    @property
    def experiment_id(self) -> str:
        """The experiment's id; the run is opened where there is none."""
        if self._experiment_id is None:
            self._experiment_id = str(self.experiment.get_run(self._run()).info.experiment_id)
        return self._experiment_id

    @property
    def run_id(self) -> str:
        """The run's id; the run is opened where there is none."""
        return self._run()

    @property
    def version(self) -> str:
        """The run's id; the run is opened where there is none."""
        return self._run()

    def _run(self) -> str:
        if self._version is None:
            assert self.experiment is not None
        return str(self._version)

    def _open(self, opened: Any) -> str:
        tags = client("mlflow.tracking.context.registry", "MLFlowLogger", "mlflow").resolve_tags(self.tags)
        found = opened.get_experiment_by_name(self._name)
        if found is None or found.lifecycle_stage == "deleted":
            place = opened.create_experiment(self._name, artifact_location=self.artifact_location)
        else:
            place = found.experiment_id
        self._experiment_id = str(place)
        return str(opened.create_run(place, run_name=self.run_name, tags=tags).info.run_id)

    def named(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Numbers only, under names that MLflow takes."""
        given = {name: value for name, value in super().named(metrics).items() if not isinstance(value, str)}
        taken = {re.sub(r"[^a-zA-Z0-9_/. -]+", "", name): value for name, value in given.items()}
        if taken.keys() != given.keys():
            changed = ", ".join(sorted(given.keys() - taken.keys()))
            text = f"MLflow takes letters, digits and '_/. -' in names: {changed} lost the others."
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        return taken

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings; those within others as "outer/inner". MLflow never changes one, see `MLflowLogger`.

        Args:
            params: A dict or Namespace.
            metrics: Figures that belong to them.
        """
        super().log_hyperparams(settings.by_name(params), metrics)

    def keep_checkpoint(self, path: str, metadata: dict[str, Any], aliases: list[str], kind: str) -> None:
        folder = os.path.splitext(os.path.basename(path))[0]
        arguments = metadata.pop("arguments")
        self.experiment.log_artifact(self._run(), path, folder)
        self.experiment.log_dict(self._run(), {**metadata, "Checkpoint": arguments}, f"{folder}/metadata.yaml")
        self.experiment.log_text(self._run(), str(aliases), f"{folder}/aliases.txt")

    def finalize(self, status: str = "success") -> None:
        if self._experiment is not None:
            self._keep_waiting()
        super().finalize("failed" if status == "failed" else "success")
