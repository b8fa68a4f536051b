"""`CometLogger`: a run in Comet, with Lightning's arguments."""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from kerastorch import loggers
from kerastorch.lightning.loggers.common import ServiceLogger
from kerastorch.lightning.utilities import rank_zero_only

_OLD = {"experiment_name": "name", "project_name": "project", "save_dir": "offline_directory"}


class CometLogger(ServiceLogger, loggers.CometLogger):
    """Keeps a run in Comet; `experiment` is the client's experiment, `version` its key, `name` the project.

    Needs `pip install 'kerastorch[comet]'`. The experiment stays open after `fit`, for what is logged later;
    `logger.experiment.end()`, or the process's end, closes it.

    Args:
        api_key: The key of the account; default the client's setting.
        workspace: The workspace; default the account's.
        project: The name of the project; default the service's choice.
        experiment_key: An experiment to go on with, or the key of the new one.
        mode: "get_or_create" (the default), "get" or "create".
        online: Whether to send to the service at once; False keeps an archive for `comet upload`.
        prefix: Before the names of all figures, with "_" after it.
        **kwargs: More for `comet_ml.ExperimentConfig` (`name`, `offline_directory`, `tags`, `log_code`, ...).

    Raises:
        ImportError: comet_ml is not installed.

    Example:
        >>> logger = CometLogger(project="mnist", online=False, offline_directory="logs")  # doctest: +SKIP
        >>> Trainer(logger=logger).fit(module)  # doctest: +SKIP
    """

    LOGGER_JOIN_CHAR = "_"

    def __init__(
        self,
        *,
        api_key: str | None = None,
        workspace: str | None = None,
        project: str | None = None,
        experiment_key: str | None = None,
        mode: str | None = None,
        online: bool | None = None,
        prefix: str | None = None,
        **kwargs: Any,
    ) -> None:
        for old, today in _OLD.items():
            if old in kwargs:
                warnings.warn(f"`CometLogger({old}=...)` is called `{today}` today.", DeprecationWarning, stacklevel=2)
                kwargs.setdefault(today, kwargs.pop(old))
        project = kwargs.pop("project", project) if project is None else project
        name, folder = kwargs.pop("name", None), kwargs.pop("offline_directory", "")
        super().__init__(project or "", name, folder, online, experiment_key, **kwargs)  # type: ignore[arg-type]
        self.prefix, self._mode = prefix or "", mode or "get_or_create"
        self._account = {"api_key": api_key, "workspace": workspace}

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        epoch = metrics.get("epoch")
        figures = self.named({name: value for name, value in metrics.items() if name != "epoch"})
        self.experiment.log_metrics(figures, step=step, epoch=epoch)

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings; those within others as "outer|inner".

        Args:
            params: A dict or Namespace.
            metrics: Figures that belong to them.
        """
        self.experiment.log_parameters(vars(params) if isinstance(params, Namespace) else dict(params))
        if metrics is not None:
            self.log_metrics(metrics)

    def finalize(self, status: str = "success") -> None:
        if self._experiment is not None:
            self._experiment.flush()
