"""`CSVLogger`: a run as a table, in the folders of Lightning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastorch import loggers
from kerastorch.lightning.loggers import settings
from kerastorch.lightning.loggers.common import LightningLogger
from kerastorch.lightning.utilities import rank_zero_only


class CSVLogger(LightningLogger, loggers.CSVLogger):
    """Keeps a run as "metrics.csv" and "hparams.yaml" in `save_dir/name/version_N`.

    Args:
        save_dir: The folder.
        name: A subfolder for runs that belong together; None or "" for none.
        version: The run's own subfolder: a text, or a number N for "version_N"; default the next free number.
        prefix: Before the names of all figures.
        flush_logs_every_n_steps: Lines that are written together.

    Example:
        >>> logger = CSVLogger("runs", version=3)
        >>> logger.log_dir.removeprefix(logger.root_dir)[1:]
        'version_3'
    """

    def __init__(
        self,
        save_dir: Any,
        name: str | None = "lightning_logs",
        version: int | str | None = None,
        prefix: str = "",
        flush_logs_every_n_steps: int = 100,
    ) -> None:
        super().__init__(save_dir, name or "", version)
        self.prefix, self.flush_logs_every_n_steps = prefix, flush_logs_every_n_steps

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        super().log_metrics(metrics, step)
        self.save()

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: Mapping[str, float] | None = None) -> None:
        """Keep settings as "hparams.yaml".

        Args:
            params: A dict or Namespace.
            metrics: Figures that belong to them.
        """
        settings.write(self.log_dir, params)
        if metrics is not None:
            self.log_metrics(metrics)

    def save(self) -> None:
        if len(self._rows) >= self.flush_logs_every_n_steps:
            super().save()

    def finalize(self, status: str = "success") -> None:
        super().save()
